"""Models of Hugging Face's formats on this machine: a real one that reads, one that only sees."""

import asyncio
import json
import os
import subprocess
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from engines.errors import ConfigError
from engines.models.convert import CHECKOUT
from engines.models.store import ModelStore
from training.labelling.account import Account
from training.labelling.conversation import Asking, first_question
from training.labelling.errors import TeacherRejectedError
from training.labelling.local_model.files import find_model
from training.labelling.local_model.machine import Machine
from training.labelling.local_model.model import LocalModel
from training.labelling.local_model.wire import Opening, asked
from training.labelling.material import Line, Material
from training.labelling.prompts import Prompts
from training.labelling.question import Picture

ONE_THREAD = Machine(device="cpu", threads=1)
SAID = """WEBVTT

00:00.300 --> 00:10.500
And so, my fellow Americans, ask not what your country can do for you, ask what you can do for
your country.
"""


@pytest.fixture(scope="module")
def by_torch(need_build_python):
    """Run a program of tests/reference; return what it prints."""

    def run(name, *words):
        done = subprocess.run(
            [need_build_python, CHECKOUT / "tests" / "reference" / name, *map(str, words)],
            env=os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return run


@pytest.fixture(scope="module")
def seeing(by_torch, tmp_path_factory):
    """A folder with a vision-language model that learned nothing."""
    folder = tmp_path_factory.mktemp("seeing")
    by_torch("tiny_vision_language_model.py", folder)
    return folder


@pytest.fixture(scope="module")
def model(seeing):
    opened = LocalModel(find_model(str(seeing), ModelStore()), ONE_THREAD, timeout_s=120)
    yield opened
    asyncio.run(opened.close())


@pytest.fixture
def question(media, tmp_path):
    """A first question: ``question(hue=90)``."""

    def ask(*, hue=0, number=0, words="I am glad", longest=64):
        path = tmp_path / f"{hue}.jpg"
        command = ["ffmpeg", "-y", "-loglevel", "error", "-i", media / "faces" / "astronaut.png"]
        command += ["-vf", f"scale=64:64,hue=h={hue}", path]
        subprocess.run(list(map(str, command)), check=True)
        material = Material(
            clip="clip",
            digest="",
            duration_s=10.0,
            pictures=(Picture(time_s=1.0, jpeg=path.read_bytes()),) * 2,
            lines=(Line(start_s=0.5, speaker="subject", text=words),),
            transcript="shown",
            face="shown",
        )
        asking = Asking(labels=("negative", "positive"), samples=1, max_output_tokens=longest)
        return first_question(material, Prompts(), asking, number)

    return ask


def calls_of(cache):
    with Account(cache / "ledger.jsonl", limit_usd=None, limit_calls=None) as account:
        return account.calls


@pytest.mark.slow
def test_a_real_language_model_labels_by_what_is_said_and_is_not_asked_again(
    label, media, need_model, need_build_python, need_tool, tmp_path, capsys
):
    need_model("smollm2-135m-instruct")
    film = tmp_path / "jfk.mp4"
    command = [need_tool("ffmpeg"), "-loglevel", "error", "-loop", "1", "-r", "5"]
    command += ["-i", media / "faces" / "astronaut.png", "-i", media / "audio" / "jfk.flac"]
    command += ["-vf", "scale=160:160", "-shortest", film]
    subprocess.run(list(map(str, command)), check=True)
    (tmp_path / "jfk.vtt").write_text(SAID)
    given = {
        "dialect": "transformers",
        "model": "smollm2-135m-instruct",
        "transcripts": tmp_path,
        "samples": 1,
        "max_output_tokens": 128,
        "machine": ONE_THREAD,
        "timeout_s": 600.0,  # as long as a busy machine takes
        "cache": tmp_path / "cache",
        "allow_upload": [],
    }
    code, table = label([film], **given)
    assert code == 0
    (clip,) = table.clips
    (sample,) = clip.samples
    assert "reads words alone: it is shown no frames" in capsys.readouterr().err
    assert clip.frames_s == ()
    assert clip.transcript == "shown"
    assert sample.first_label in {"negative", "positive", None}
    assert (clip.label is None) == bool(clip.reason)
    assert sample.output_tokens > 0
    assert 1 <= sample.calls <= 4
    assert table.made_by["weights"].startswith("b179c9523d0e")
    made = calls_of(tmp_path / "cache")
    assert made == sample.calls
    assert label([film], **given)[1] == table
    assert calls_of(tmp_path / "cache") == made


def test_frames_reach_the_model(seeing, by_torch, question, tmp_path):
    opening = Opening(
        folder=str(seeing), packed=None, sees=True, device="cpu", dtype="float32", threads=1
    )
    messages = [opening, *(asked(question(hue=hue), seed=1, limit_s=60) for hue in (0, 90))]
    paths = [tmp_path / f"{number}.json" for number in range(3)]
    for path, message in zip(paths, messages, strict=True):
        path.write_text(json.dumps(asdict(message)))
    seen = json.loads(by_torch("seen_by_a_model.py", *paths))
    assert seen["pictures"] == [2, 3, 32, 32]
    assert seen["same_words"]
    assert seen["apart"] > 1e-4


def test_a_model_that_learned_nothing_ends_every_clip_with_a_reason(label, clips, seeing):
    code, table = label(
        clips(2), dialect="transformers", model=str(seeing), max_output_tokens=48, samples=1
    )
    assert code == 0
    assert [clip.status for clip in table.clips] == ["malformed"] * 2
    assert all("cut off at 48 tokens" in clip.reason for clip in table.clips)
    assert [len(clip.frames_s) for clip in table.clips] == [2, 2]
    assert table.made_by["model"] == seeing.name


async def test_an_answer_keeps_to_its_schema_from_the_first_token(model, question):
    answer = await model.answer(question())
    assert answer.text.startswith('{"cues": [')
    assert answer.stop == "cut"
    assert answer.output_tokens == 64


async def test_the_same_question_gets_the_same_answer_and_another_sample_another(model, question):
    answers = [await model.answer(question(number=number)) for number in (0, 0, 1)]
    assert answers[0] == answers[1] != answers[2]


async def test_a_conversation_that_is_too_long_is_refused_with_its_length(model, question):
    answer = await model.answer(question(words="so " * 3000))
    assert answer.stop == "refused"
    assert answer.input_tokens > 9000
    assert f"{answer.input_tokens} tokens" in answer.text
    assert "8192" in answer.text


async def test_an_answer_ends_when_its_time_is_up_or_the_model_is_closed(seeing, question):
    endless = replace(question(longest=6000), schema={"type": "string", "minLength": 5000})
    opened = LocalModel(find_model(str(seeing), ModelStore()), ONE_THREAD, timeout_s=0.05)
    with pytest.raises(TeacherRejectedError, match=r"no answer within 0\.05 s: --timeout") as late:
        await opened.answer(endless)
    assert not late.value.for_all
    opened._timeout_s = 300
    writing = asyncio.create_task(opened.answer(endless))
    await asyncio.sleep(0.5)
    assert not writing.done()
    await opened.close()
    with pytest.raises(TeacherRejectedError, match="the process of the model ended") as gone:
        await writing
    assert gone.value.for_all


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, r"config\.json: cannot be read"),
        ({"config.json": "{}", "pytorch_model.bin": ""}, r"no \.safetensors in"),
    ],
)
def test_a_folder_that_is_no_model_is_refused(files, told, tmp_path):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=told):
        find_model(str(tmp_path), ModelStore())


@pytest.mark.parametrize("name", ["nobody/no-such-model", "no_such_file.gguf", "yolo11n-seg"])
def test_a_model_that_is_not_here_is_not_fetched(name, store):
    with pytest.raises(ConfigError, match=f"--model {name}: "):
        find_model(name, store)


def test_weights_that_changed_are_another_model(seeing, tmp_path):
    for path in Path(seeing).iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = find_model(str(tmp_path), ModelStore())
    assert before.digest == find_model(str(seeing), ModelStore()).digest
    (tmp_path / "tokenizer_config.json").write_text("{}")
    assert find_model(str(tmp_path), ModelStore()).digest != before.digest


def test_a_model_that_reads_words_alone_asks_for_words(label, clips, tmp_path):
    (tmp_path / "words.gguf").write_bytes(b"GGUF")
    with pytest.raises(ConfigError, match="reads words alone: expected what is said"):
        label(clips(1), dialect="transformers", model=str(tmp_path / "words.gguf"))


def test_weights_that_cannot_be_read_are_told_of_every_clip(label, clips, tmp_path):
    (tmp_path / "words.gguf").write_bytes(b"GGUF")
    for number in range(2):
        (tmp_path / f"clip{number}.vtt").write_text("WEBVTT\n\n00:00.100 --> 00:00.900\nYes.\n")
    code, table = label(
        clips(2),
        dialect="transformers",
        model=str(tmp_path / "words.gguf"),
        transcripts=tmp_path,
        samples=1,
    )
    assert code == 1
    assert [clip.status for clip in table.clips] == ["rejected"] * 2
    assert all("transformers: words.gguf: " in clip.reason for clip in table.clips)
