"""Who may be sent pictures of people, and for what."""

import pytest

from engines.errors import ConfigError
from stream.config import PolicyConfig
from stream.errors import PolicyError
from training.labelling.errors import UploadError
from training.labelling.sending import check_sending, recipient

DECLARED = PolicyConfig(purpose="research", notice="consent form 3")


def allowed(provider, base_url=None, *, to=(), declared=DECLARED):
    return check_sending(provider, base_url, allowed=to, declared=declared, clips=[])


def test_nothing_is_sent_to_whom_nobody_named(teacher_server, clips, label):
    server = teacher_server()
    for others in ([], ["gemini"], ["openai"], ["localhost"]):
        with pytest.raises(UploadError, match=r"--allow-upload 127\.0\.0\.1 allows it"):
            label(clips(1), server=server, allow_upload=others)
    assert not server.asked


def test_a_provider_is_named_by_its_name_and_another_address_by_its_host():
    assert recipient("gemini", None) == "gemini"
    assert recipient("openai", "https://gpu.example.org:8000/v1") == "gpu.example.org"
    allowed("gemini", to=["gemini"])
    with pytest.raises(UploadError):
        allowed("gemini", to=["openai"])
    with pytest.raises(UploadError):
        allowed("openai", "https://gpu.example.org/v1", to=["openai"])


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("gpu.example.org/v1", "expected http://HOST"),
        ("ftp://gpu.example.org", "expected http://HOST"),
        ("https://user:secret@gpu.example.org/v1", "no login"),
        ("https://gpu.example.org/v1?key=secret", "no login and no query"),
        ("http://gpu.example.org/v1", "unencrypted"),
    ],
)
def test_an_address_that_would_leak_is_refused(address, told):
    with pytest.raises(ConfigError, match=told) as error:
        recipient("openai", address)
    assert "secret" not in str(error.value)


def test_off_this_machine_purpose_and_notice_must_be_said():
    with pytest.raises(PolicyError, match="--purpose and --notice must be given"):
        allowed("gemini", to=["gemini"], declared=PolicyConfig())
    with pytest.raises(PolicyError, match="--notice must be given"):
        allowed("gemini", to=["gemini"], declared=PolicyConfig(purpose="research"))
    assert allowed("gemini", to=["gemini"]).purpose == "research"


@pytest.mark.parametrize("purpose", ["hiring", "exam proctoring", "fun"])
def test_a_purpose_that_is_not_allowed_is_refused_for_any_teacher(purpose, clips, label):
    for teacher in ("gemini", "lexicon"):
        with pytest.raises(PolicyError):
            label(clips(1), dialect=teacher, policy=PolicyConfig(purpose=purpose))


def test_the_purpose_stands_in_the_table(teacher_server, clips, label):
    _, table = label(clips(1), server=teacher_server(), policy=DECLARED, samples=1)
    assert (table.made_by["purpose"], table.made_by["notice"]) == ("research", "consent form 3")
