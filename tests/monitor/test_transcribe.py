"""`subface transcribe`: arguments in, what was said out; real speech and the real recogniser."""

import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import webvtt

from stream.cli import main
from stream.records import json_schema

JFK = "ask not what your country can do for you ask what you can do for your country"


def plain(text):
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


@pytest.fixture
def jfk(media):
    return media / "audio/jfk.flac"


@pytest.fixture(autouse=True)
def _recogniser(need_model):
    need_model("whisper-base")


def transcribe(*arguments):
    return main(["transcribe", *map(str, arguments)])


class Transcribing:
    """`subface transcribe` in a process of its own."""

    def __init__(self, *arguments, **streams):
        command = [sys.executable, "-m", "stream.cli", "transcribe", *map(str, arguments)]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
        self.process = subprocess.Popen(command, env=os.environ | {"TERM": "xterm"}, **streams)

    def interrupt(self):
        """Press Ctrl-C and return the exit code and the rest of both outputs."""
        self.process.send_signal(signal.SIGINT)
        out, said = self.process.communicate(timeout=30)
        return self.process.returncode, out, said


@pytest.fixture
def start():
    running = []

    def begin(*arguments, **streams):
        running.append(Transcribing(*arguments, **streams))
        return running[-1]

    yield begin
    for one in running:
        one.process.kill()
        one.process.wait()
        for pipe in (one.process.stdout, one.process.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def live_speech(jfk, need_tool):
    """A stream of sound alone that begins again and again; whoever comes hears what is on."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"udp://127.0.0.1:{probe.getsockname()[1]}"
    command = [
        *(need_tool("ffmpeg"), "-v", "error", "-re", "-stream_loop", "-1", "-i", str(jfk)),
        *("-c:a", "aac", "-f", "mpegts", f"{address}?pkt_size=1316"),
    ]
    with subprocess.Popen(command) as sending:
        yield address
        sending.kill()


# ------------------------------------------------------------------------------------ a file


def test_a_file_is_a_line_an_utterance_on_stdout(jfk, capfd):
    assert transcribe(jfk) == 0
    out, said = capfd.readouterr()
    assert JFK in plain(out)
    assert out.endswith("\n")
    assert said == ""  # what people read is for terminals


def test_the_format_follows_the_name_of_the_file(jfk, tmp_path, capfd):
    out = tmp_path / "out.vtt"
    assert transcribe(jfk, "--out", out) == 0
    assert capfd.readouterr().out == ""
    captions = webvtt.read(out)
    assert JFK in plain(" ".join(cue.text for cue in captions))
    assert all(cue.start_in_seconds < cue.end_in_seconds <= 11 for cue in captions)


def test_records_are_the_session_what_was_heard_and_the_summary(media, tmp_path):
    out = tmp_path / "out.jsonl"
    assert transcribe(media / "grid/bbaf2n.mpg", "--out", out, "--language", "en") == 0
    records = [json.loads(line) for line in out.read_text().splitlines()]
    validator = jsonschema.Draft202012Validator(json_schema())
    for record in records:
        validator.validate(record)
    session, *_, summary = records
    assert (session["kind"], summary["kind"]) == ("session", "summary")
    assert [model["name"] for model in session["models"]] == ["whisper-base"]
    heard = [record for record in records if record["kind"] == "transcript"]
    assert heard[-1]["final"]
    assert all(0 <= word["start_s"] < word["end_s"] <= 3 for word in heard[-1]["words"])
    assert {record["speaker"] for record in heard} == {"unknown"}
    states = {(r["role"], r["state"]) for r in records if r["kind"] == "status"}
    assert states == {
        *(("audio", state) for state in ("waiting", "ok", "ended")),
        ("speech", "waiting"),
        ("speech", "ok"),
        ("speech", "ended"),
    }
    (source,) = summary["sources"]
    assert (source["outcome"], source["frames_decoded"]) == ("ended", 0)  # nobody looked
    assert set(summary["engine_s"]) == {"speech transcribe", "speech voice"}


def test_a_model_may_be_a_folder(jfk, need_model, tmp_path, capfd):
    folder = tmp_path / "my-whisper"
    folder.symlink_to(need_model("whisper-base"))
    assert transcribe(jfk, "--model", folder, "--format", "vtt") == 0
    assert "with my-whisper from jfk." in capfd.readouterr().out


# ---------------------------------------------------------------------------------- a stream


def test_lines_of_a_stream_come_while_it_goes_on_and_ctrl_c_ends_it(live_speech, start):
    one = start(live_speech, "--language", "en")
    lines = [one.process.stdout.readline().decode() for _ in range(3)]
    assert one.process.poll() is None
    assert all(line.strip() for line in lines)
    assert "country" in " ".join(lines)
    code, _, said = one.interrupt()
    assert code == 130
    assert b"Traceback" not in said


def test_it_ends_after_the_time_asked_for(live_speech, tmp_path):
    out = tmp_path / "out.jsonl"
    assert transcribe(live_speech, "--out", out, "--for", "3", "--language", "en") == 0
    last = json.loads(out.read_text().splitlines()[-1])
    assert last["kind"] == "summary"
    assert all(edge["received"] == edge["delivered"] for edge in last["deliveries"])


def test_a_dead_recogniser_is_told_and_the_next_one_goes_on(live_speech, start, tmp_path):
    out = tmp_path / "out.jsonl"
    one = start(live_speech, "--out", out, "--language", "en", stdout=subprocess.DEVNULL)

    def records():
        lines = out.read_text().splitlines(keepends=True) if out.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def until(condition):
        while not condition(records()):
            assert one.process.poll() is None
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.process.wait(0.1)

    def words(found):
        return sum(record["kind"] == "transcript" for record in found)

    until(words)
    (child,) = (
        int(pid)
        for pid in _children(one.process.pid)
        if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()
    )
    os.kill(child, signal.SIGKILL)
    until(lambda found: any(r["kind"] == "status" and r["role"] == "speech" for r in found))
    before = words(records())
    until(lambda found: words(found) > before)
    code, *_ = one.interrupt()
    assert code == 130


def _children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


# -------------------------------------------------------------------------------- a terminal


class Terminal:
    """A terminal of its own, whose screen is a stream of bytes."""

    def __init__(self):
        self._ours, self.theirs = pty.openpty()
        self.shown = b""

    def read(self):
        with contextlib.suppress(OSError):  # everyone who wrote to it has gone
            self.shown += os.read(self._ours, 65536)

    def close(self):
        os.close(self._ours)


@pytest.fixture
def terminal():
    one = Terminal()
    yield one
    one.close()


def test_words_that_may_change_are_written_over_on_a_terminal(live_speech, start, terminal):
    one = start(live_speech, "--language", "en", stdout=terminal.theirs, stderr=terminal.theirs)
    os.close(terminal.theirs)
    # a short utterance is final before a word of it may still change: wait for one that is not
    while terminal.shown.count(b"\n") < 2 or terminal.shown.count(b"\r\x1b[2K") < 2:
        terminal.read()
    erased = terminal.shown.split(b"\r\x1b[2K")
    for line in erased[:-1]:
        assert line.rpartition(b"\n")[2].count(b"\x1b[2K") == 0
    finals = [part.split(b"\r\n")[0] for part in erased if b"\n" in part]
    assert finals
    assert all(b"\x1b[2m" not in line for line in finals)  # the time before a partial is dim
    code, *_ = one.interrupt()
    assert code == 130


def test_a_terminal_sees_how_far_a_file_is(jfk, start, terminal, tmp_path):
    one = start(jfk, "--out", tmp_path / "out.txt", stderr=terminal.theirs)
    os.close(terminal.theirs)
    while one.process.poll() is None:
        terminal.read()
    assert b"jfk" in terminal.shown
    assert b"%" in terminal.shown
    assert JFK in plain((tmp_path / "out.txt").read_text())


# ---------------------------------------------------------------------------------- failures


def test_a_reader_that_has_seen_enough_ends_it_quietly(media, start):
    one = start(media / "audio/multilingual.mp3")
    one.process.stdout.close()
    said = one.process.stderr.read()
    assert one.process.wait() == 0
    assert said == b""


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["absent.wav"], 3, "no such file"),
        (["rtsp://127.0.0.1:1/x"], 3, "127.0.0.1:1"),
        (["{jfk}", "--out", "absent/out.txt"], 2, "--out absent/out.txt: cannot be written"),
        (["{jfk}", "--out", "out.srt", "--format", "vtt"], 2, "captions are written as .vtt"),
        (["{jfk}", "--model", "whisper-huge"], 2, "whisper-huge"),
        (["{jfk}", "--model", "/absent/whisper"], 2, "no such folder"),
        (["{jfk}", "--language", "klingon"], 2, "klingon"),
        (["{jfk}", "--set", "policy.purpose=hiring"], 5, "refused"),
        (["{picture}"], 3, "sound"),
    ],
)
def test_what_is_wrong_is_one_line_and_an_exit_code(
    jfk, media, monkeypatch, tmp_path, capfd, arguments, code, message
):
    monkeypatch.chdir(tmp_path)
    names = {"jfk": jfk, "picture": media / "faces/astronaut.png"}
    assert transcribe(*(argument.format(**names) for argument in arguments)) == code
    out, said = capfd.readouterr()
    assert out == ""
    assert message in said
    assert said.count("\n") == 1
