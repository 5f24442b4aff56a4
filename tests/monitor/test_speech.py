"""The whole monitor with its ears open: real speech on real pictures."""

import json
import os
import signal
import subprocess
from functools import partial

import pytest

ENGLISH = ("--set", "speech.language=en")


@pytest.fixture
def run_monitor(run_monitor):
    """The whole monitor, ears included."""
    return partial(run_monitor, hears=True)


def words_of(run):
    return [word for record in finals(run) for word in record["words"]]


def finals(run):
    return [record for record in run.of("transcript") if record["final"]]


@pytest.fixture
def beside_a_face(tmp_path, media, need_tool):
    """Lay a voice beside a face that is not its own: at most eleven seconds of it."""

    def lay(voice):
        out = tmp_path / "talking.mp4"
        face = media / "faces/WolfgangLanger_Pexels.mp4"
        command = (
            f"{need_tool('ffmpeg')} -v error -i {face} -i {voice} -map 0:v -map 1:a -t 11 "
            f"-preset veryfast -c:a aac {out}"
        )
        subprocess.run(command.split(), check=True)
        return out

    return lay


@pytest.fixture
def talking_face(beside_a_face, media):
    """Short utterances with pauses between them."""
    return beside_a_face(media / "audio/jfk.flac")


@pytest.fixture
def reading_face(beside_a_face, store):
    """Eleven seconds of a novel, without a pause."""
    return beside_a_face(store.path("demo-speech"))


def test_what_is_said_is_published_beside_what_is_shown(run_monitor, talking_face):
    run = run_monitor(talking_face, *ENGLISH)
    text = " ".join(record["text"] for record in finals(run)).lower()
    assert "what you can do for your country" in text
    assert run.readings[-1]["surface"] is not None
    speech = run.summary["sources"][0]["speech"]
    assert speech["words"] == len(words_of(run)) > 15
    assert speech["utterances"] == len(finals(run))
    states = [s["state"] for s in run.of("status") if s["role"] == "speech"]
    assert states == ["waiting", "ok", "ended"]


def test_a_revision_replaces_the_one_before_and_only_the_last_is_final(run_monitor, reading_face):
    run = run_monitor(reading_face, *ENGLISH)
    by_number = {}
    for record in run.of("transcript"):
        by_number.setdefault(record["utterance"], []).append(record)
    assert any(len(revisions) > 1 for revisions in by_number.values())
    for revisions in by_number.values():
        assert [r["revision"] for r in revisions] == list(range(len(revisions)))
        assert [r["final"] for r in revisions] == [False] * (len(revisions) - 1) + [True]


def test_no_word_is_known_before_it_was_said(run_monitor, talking_face):
    run = run_monitor(talking_face, *ENGLISH)
    for word in words_of(run):
        assert word["start_s"] <= word["end_s"] <= word["available_s"]


def test_a_file_read_fast_says_the_same_twice(run_monitor, talking_face):
    def told(run):
        of = ("utterance", "revision", "final", "text", "speaker", "person_id", "available_s")
        words = [[record[key] for key in of] for record in run.of("transcript")]
        text = [
            (r["window"]["end_s"], r["person_id"], r["modalities"]["text"]) for r in run.readings
        ]
        return words, text

    assert told(run_monitor(talking_face, *ENGLISH)) == told(run_monitor(talking_face, *ENGLISH))


def test_words_are_evidence_only_once_they_are_known(run_monitor, talking_face):
    run = run_monitor(talking_face, *ENGLISH, "--set", "text.speaker=all")
    known_s = min(record["available_s"] for record in finals(run))
    for reading in run.readings:
        # a window ends with the tick that its newest frame falls on: up to 80 ms later
        if reading["window"]["end_s"] < known_s:
            assert reading["modalities"]["text"]["state"] == "missing"
        elif reading["window"]["end_s"] > known_s + 0.1:
            assert reading["modalities"]["text"]["state"] == "ok"
    assert run.readings[-1]["window"]["coverage"]["text"] == 1.0


def test_nobody_listens_where_the_profile_says_so(run_monitor, talking_face):
    run = run_monitor(talking_face, "--set", "speech.model=null")
    assert not run.of("transcript")
    assert run.summary["sources"][0]["speech"] is None
    assert run.readings[-1]["modalities"]["text"]["state"] == "missing"


def test_a_source_without_sound_is_watched_all_the_same(run_monitor, media):
    run = run_monitor(media / "faces/carphone_pristine.mp4")
    assert run.readings[-1]["surface"] is not None
    assert [s["state"] for s in run.of("status") if s["role"] == "speech"] == ["waiting", "absent"]


def test_sound_without_a_picture_is_heard_all_the_same(run_monitor, media):
    run = run_monitor(media / "audio/jfk.flac", *ENGLISH)
    assert run.code == 0
    assert "country" in finals(run)[-1]["text"].lower()
    assert {record["speaker"] for record in finals(run)} == {"unknown"}
    (source,) = run.summary["sources"]
    assert (source["frames_decoded"], source["media_s"]) == (0, pytest.approx(11.0, abs=0.01))


def test_captions_say_who_speaks(run_monitor, media, tmp_path):
    captions = tmp_path / "captions.vtt"
    clip = media / "grid/swiz3n.mpg"
    run = run_monitor(clip, *ENGLISH, "--captions", captions)
    (said,) = finals(run)
    assert said["speaker"] == "subject"
    assert said["person_id"] == run.readings[-1]["person_id"]
    text = captions.read_text()
    assert text.startswith("WEBVTT")
    assert "<v Subject>" in text
    assert run.summary["sources"][0]["speech"]["words_of_subject"] == len(said["words"])


def test_the_words_of_the_watched_person_are_evidence_by_default(run_monitor, joined_grid):
    run = run_monitor(joined_grid.path, *ENGLISH)
    by_subject = [record for record in finals(run) if record["speaker"] == "subject"]
    assert by_subject, "nobody was recognised as the speaker"
    for said in by_subject:
        later = [
            reading["modalities"]["text"]["state"]
            for reading in run.readings
            if reading["person_id"] == said["person_id"]
            and said["available_s"] + 0.1 < reading["window"]["end_s"]
        ]
        assert set(later) <= {"ok", "stale"}


def test_a_killed_speech_process_is_told_counted_and_replaced(start_monitor, media, tmp_path):
    clip = tmp_path / "long.mp4"
    command = (
        f"ffmpeg -v error -stream_loop 3 -i {media / 'faces/WolfgangLanger_Pexels.mp4'} "
        f"-stream_loop 6 -i {media / 'audio/jfk.flac'} -map 0:v -map 1:a -t 60 "
        f"-preset veryfast -c:a aac {clip}"
    )
    subprocess.run(command.split(), check=True)
    monitor = start_monitor(clip, *ENGLISH)
    monitor.wait_for(lambda m: m.of("transcript"))
    child = speech_process_of(monitor.process.pid)
    os.kill(child, signal.SIGKILL)
    monitor.wait_for(lambda m: "reconnecting" in speech_states(m))
    heard = len(monitor.of("transcript"))
    readings = len(monitor.of("reading"))
    monitor.wait_for(lambda m: speech_states(m)[-1] == "ok" and len(m.of("transcript")) > heard)
    assert len(monitor.of("reading")) > readings  # the eyes never noticed
    assert monitor.interrupt() == 130
    (summary,) = monitor.of("summary")
    assert summary["speech_restarts"] == 1
    assert "signal 9" in json.dumps(monitor.of("status"))


def test_a_stream_that_breaks_in_mid_word_says_what_was_heard_of_it(
    start_monitor, rtsp_server, reading_face
):
    server = rtsp_server(reading_face)
    monitor = start_monitor(f"live={server.url}", *ENGLISH)
    monitor.wait_for(lambda m: [r for r in m.of("transcript") if not r["final"]])
    open_utterance = monitor.of("transcript")[-1]["utterance"]
    server.kill()
    monitor.wait_for(
        lambda m: [r for r in m.of("transcript") if r["final"] and r["utterance"] >= open_utterance]
    )
    server.start()
    monitor.wait_for(lambda m: [r for r in m.of("transcript") if r["epoch"] > 0], within_s=60)
    assert monitor.interrupt() == 130
    final = [record for record in monitor.of("transcript") if record["final"]]
    assert len({record["utterance"] for record in final}) == len(final)
    for record in final:
        assert all(word["available_s"] is not None for word in record["words"])
    (summary,) = monitor.of("summary")
    for edge in summary["sources"][0]["edges"]:
        assert edge["received"] == edge["delivered"] + sum(edge["drops"].values())


def speech_states(monitor):
    return [record["state"] for record in monitor.of("status") if record["role"] == "speech"]


def speech_process_of(pid):
    """Return the child process that has the recogniser in it: the largest."""
    children = subprocess.run(
        ["ps", "-o", "pid=,rss=", "--ppid", str(pid)], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in children.stdout.splitlines()]
    return int(max(rows, key=lambda row: int(row[1]))[0])
