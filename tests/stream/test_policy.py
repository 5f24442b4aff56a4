import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream import policy
from stream.config import PolicyConfig
from stream.errors import PolicyError
from stream.source.spec import SourceSpec

HERE = "mqtt://127.0.0.1:1883"
ELSEWHERE = "mqtts://broker.example.org"


def source(kind="live", *, loopback=False, name="cam"):
    return SourceSpec(
        name=name, url="rtsp://u:p@cam/1", address="rtsp://cam/1", kind=kind, loopback=loopback
    )


CAMERA = source()
CLIP = source("file", loopback=True)
LOCAL_CAMERA = source(loopback=True)


def declared(purpose=None, notice=None):
    return PolicyConfig(purpose=purpose, notice=notice)


@pytest.mark.parametrize(
    ("sources", "url"),
    [
        ([CLIP], ELSEWHERE),
        ([LOCAL_CAMERA], ELSEWHERE),
        ([CAMERA], HERE),
        ([CAMERA], "mqtt://[::1]"),
        ([CAMERA], "mqtt://user:pass@localhost"),
        ([CAMERA], "embedded"),
        ([CAMERA], "embedded:1883"),
        ([CAMERA], "off"),
        ([], ELSEWHERE),
    ],
)
def test_what_stays_on_this_machine_is_for_evaluation(sources, url):
    note = policy.check(declared(), sources, url)
    assert (note.purpose, note.notice) == ("evaluation", None)


@pytest.mark.parametrize(
    "url", [ELSEWHERE, "mqtt://10.0.0.3", "mqtt://localhost.evil.org", "mqtt://127.1", "mqtt://["]
)
def test_a_network_source_to_a_remote_broker_must_declare_purpose_and_notice(url):
    with pytest.raises(PolicyError, match=r"policy\.purpose and policy\.notice must be set") as no:
        policy.check(declared(), [CLIP, CAMERA], url)
    assert no.value.exit_code == 5
    assert str(no.value).startswith("cam: ")
    assert "\n" not in str(no.value)


def test_the_missing_one_of_the_two_is_named():
    with pytest.raises(PolicyError, match=r"so policy\.notice must be set"):
        policy.check(declared("research", "  "), [CAMERA], ELSEWHERE)
    with pytest.raises(PolicyError, match=r"so policy\.purpose must be set"):
        policy.check(declared(" ", "told on arrival"), [CAMERA], ELSEWHERE)


def test_what_was_declared_stands_in_the_note():
    note = policy.check(declared("broadcast", "told by the host"), [CAMERA], ELSEWHERE)
    assert (note.purpose, note.notice) == ("broadcast", "told by the host")


@pytest.mark.parametrize("purpose", ["research", "Research", " RESEARCH "])
def test_a_known_purpose_is_known_however_it_is_cased(purpose):
    assert policy.check(declared(purpose), [CLIP], "off").purpose == "research"


@pytest.mark.parametrize(
    "purpose",
    ["fun", "reserch", "research and more", "!", "研究", "evaluation2", "r3search", "résearch"],
)
def test_an_unknown_purpose_is_refused_with_the_list(purpose):
    with pytest.raises(PolicyError, match=r"is not known; allowed: evaluation \(.*research"):
        policy.check(declared(purpose, "told"), [CLIP], "off")


@pytest.mark.parametrize(
    ("purpose", "reason"),
    [
        ("workplace", "at work"),
        ("Work-Place monitoring", "at work"),
        ("w o r k p l a c e", "at work"),
        ("w0rkpl4ce", "at work"),
        ("EMPLOYEE engagement", "at work"),
        ("hiring", "at work"),
        ("job interviews", "at work"),
        ("HR", "at work"),
        ("recruitment research", "at work"),
        ("research_in_human-resources", "at work"),
        ("call centre quality", "at work|not known"),
        ("education", "in education"),
        ("Exams", "in education"),
        ("e-x-a-m proctoring", "in education"),
        ("school", "in education"),
        ("students' attention", "in education"),
        ("law enforcement", "judged by the face"),
        ("border control", "judged by the face"),
        ("asylum interviews", "judged by the face"),
        ("lie detection", "judged by the face"),
        ("pólice", "judged by the face"),
        ("covert surveillance", "must know it"),
        ("hidden camera art", "must know it"),
        ("credit scoring", "rest on a reading"),
        ("insurance claims", "rest on a reading"),
    ],
)
@pytest.mark.parametrize("url", ["off", ELSEWHERE])
def test_a_prohibited_purpose_is_refused_with_the_reason_everywhere(purpose, reason, url):
    with pytest.raises(PolicyError, match=reason):
        policy.check(declared(purpose, "everyone was told"), [CLIP], url)


@given(st.text(max_size=40))
def test_only_the_purposes_on_the_list_pass(purpose):
    try:
        note = policy.check(declared(purpose, "told"), [CAMERA], ELSEWHERE)
    except PolicyError:
        return
    assert note.purpose in policy.PURPOSES


@given(st.sampled_from(sorted(policy.PURPOSES)), st.text(min_size=1).filter(str.strip))
def test_a_known_purpose_with_anything_added_does_not_pass(purpose, more):
    with pytest.raises(PolicyError):
        policy.check(declared(f"{purpose} {more}", "told"), [CAMERA], ELSEWHERE)


@pytest.mark.parametrize("purpose", sorted(policy.PURPOSES))
def test_no_allowed_purpose_sounds_prohibited(purpose):
    assert policy._prohibition([purpose]) is None
