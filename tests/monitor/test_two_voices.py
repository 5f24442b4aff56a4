"""Two people who talk at once, each in a channel of the sound, by the whole program."""

import json
import re
import subprocess
from functools import partial

import jsonschema
import pytest
import webvtt

from stream.cli import main
from stream.records import json_schema

SENTENCES = {
    0: "he began a confused complaint against the wizard who had vanished behind the curtain on "
    "the left",
    1: "the horizon seems extremely distant",
}
ENGLISH = ("--set", "speech.language=en")


@pytest.fixture
def run_monitor(run_monitor):
    """The whole monitor, ears included."""
    return partial(run_monitor, hears=True)


def plain(text):
    return " ".join(re.findall(r"[a-z]+", text.lower()))


def said(records):
    """What was said in each channel."""
    out = {}
    for record in records:
        if record["kind"] == "transcript" and record["final"]:
            out.setdefault(record["channel"], []).append(record["text"])
    return {channel: plain(" ".join(texts)) for channel, texts in out.items()}


@pytest.fixture
def two_voices(media):
    return media / "audio/stereo_diarization.wav"


@pytest.fixture(autouse=True)
def _recogniser(need_model):
    need_model("whisper-base")


@pytest.fixture
def transcribe(tmp_path):
    """Run `subface transcribe`; return the path of what it wrote."""

    def run(source, name, *arguments):
        out = tmp_path / name
        assert main(["transcribe", str(source), "--out", str(out), *arguments]) == 0
        return out

    return run


def records_of(path):
    records = [json.loads(line) for line in path.read_text().splitlines()]
    validator = jsonschema.Draft202012Validator(json_schema())
    for record in records:
        validator.validate(record)
    return records


def test_both_sentences_are_transcribed_each_in_its_channel(transcribe, two_voices):
    records = records_of(transcribe(two_voices, "out.jsonl"))
    assert said(records) == SENTENCES
    summary = records[-1]["sources"][0]
    assert summary["sound_s"] == pytest.approx(5.0, abs=0.01)
    assert summary["speech"]["utterances"] == 2


def test_the_monitor_hears_both_beside_what_it_sees(run_monitor, two_voices, media, tmp_path):
    clip = tmp_path / "interview.mp4"
    command = (
        f"ffmpeg -v error -i {media / 'faces/WolfgangLanger_Pexels.mp4'} -i {two_voices} "
        f"-map 0:v -map 1:a -shortest -preset veryfast -c:a aac -b:a 128k {clip}"
    )
    subprocess.run(command.split(), check=True)
    captions, film = tmp_path / "out.vtt", tmp_path / "out.mp4"
    run = run_monitor(clip, *ENGLISH, "--captions", captions, "--annotated", film)
    assert run.code == 0
    assert said(run.records) == SENTENCES
    finals = [record for record in run.of("transcript") if record["final"]]
    assert sorted(record["utterance"] for record in finals) == list(range(len(finals)))
    assert run.readings[-1]["surface"] is not None
    assert all(edge["received"] == edge["delivered"] for edge in run.summary["deliveries"])
    shown = [plain(cue.text) for cue in webvtt.read(captions)]
    assert SENTENCES[1] in shown


def test_the_monitor_says_the_same_twice(run_monitor, two_voices):
    def told(run):
        of = ("utterance", "revision", "channel", "final", "text", "available_s")
        return [[record[key] for key in of] for record in run.of("transcript")]

    once = run_monitor(two_voices, *ENGLISH)
    assert said(once.records) == SENTENCES
    assert told(once) == told(run_monitor(two_voices, *ENGLISH))


def test_mixed_there_is_one_voice_and_no_channel(transcribe, two_voices):
    records = records_of(transcribe(two_voices, "out.jsonl", "--set", "source.channels=mix"))
    (text,) = said(records).values()
    assert said(records).keys() == {None}
    assert "behind the curtain on the left" in text
    assert SENTENCES[1] not in text


def test_captions_show_both_at_once(transcribe, two_voices):
    captions = list(webvtt.read(transcribe(two_voices, "out.vtt")))
    assert {cue.voice for cue in captions} == {"Left", "Right"}
    (right,) = (cue for cue in captions if cue.voice == "Right")
    left = next(cue for cue in captions if cue.voice == "Left")
    assert left.start_in_seconds < right.end_in_seconds
    assert right.start_in_seconds < left.end_in_seconds
    starts = [cue.start_in_seconds for cue in captions]
    assert starts == sorted(starts)


def test_text_has_a_line_for_each(transcribe, two_voices):
    lines = transcribe(two_voices, "out.txt").read_text().splitlines()
    assert sorted(map(plain, lines)) == sorted(SENTENCES.values())


def test_stereo_with_one_voice_is_heard_once(transcribe, media):
    records = records_of(transcribe(media / "audio/jfk.flac", "out.jsonl"))
    assert said(records).keys() == {None}
    assert plain(" ".join(said(records).values())).count("ask what you can do") == 1
