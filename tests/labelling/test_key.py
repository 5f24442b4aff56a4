"""A marked key through every path: nothing that is kept or shown holds it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
from film_shelf import CUT
from teacher_server import GARBAGE, HALF, REASONED, SLOW, answer, blocked, failed, refused, well

from engines.errors import ConfigError
from training.labelling.secret import Secret, read_secret

KEY = "marked-key-7f3a9c51e0"
PROGRAM = Path(__file__).parent / "program.py"

ANSWERED = {
    "answers": well,
    "echoes": lambda asked: (
        well(asked)
        if asked.reflects
        else (200, answer(asked, json.dumps(REASONED | {"reasoning": f"my key is {KEY}"})))
    ),
    "malformed": lambda asked: (200, answer(asked, f"{KEY} {{")),
    "refused": refused,
    "blocked": blocked,
    "limited": lambda asked: failed(asked, 429, f"quota of {KEY}", retry_s=0.01),
    "broken": lambda asked: failed(asked, 500, f"trace: {KEY}"),
    "odd": lambda asked: failed(asked, 422, f"what is {KEY}?"),
    "half": lambda asked: HALF,
    "garbage": lambda asked: GARBAGE,
    "slow": lambda asked: SLOW,
}
TURNED_AWAY = {
    "rejected": lambda asked: failed(asked, 401, f"Incorrect API key provided: {KEY}"),
    "invalid": lambda asked: failed(asked, 400, f"API key not valid: {KEY}"),
    "forbidden": lambda asked: failed(asked, 403, f"{KEY} may not"),
}


def run(server, dialect, film, folder, *more, samples, by_file):
    words = [sys.executable, PROGRAM, "2", "label", film, "--teacher", dialect]
    words += ["--out", folder / "labels.parquet", "--base-url", server.urls[dialect]]
    words += ["--allow-upload", "127.0.0.1", "--budget", "5", "--frames", "1", "--frame-px", "64"]
    words += ["--samples", samples, "--attempts", "2", "--pause", "0.01", "--timeout", "0.5"]
    words += ["--max-output-tokens", "1024", *more]
    environment = os.environ | {"PYTHONPATH": str(PROGRAM.parents[2]), "OPENAI_LOG": "debug"}
    if by_file:
        file = folder.parent / "key"
        file.write_text(f"{KEY}\n")
        words += ["--key-file", file]
    else:
        environment |= {"GEMINI_API_KEY": KEY, "OPENAI_API_KEY": KEY}
    return subprocess.Popen(
        list(map(str, words)),
        env=environment,
        cwd=PROGRAM.parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def command_lines():
    """Return the command lines of all processes, as often as one asks for them."""
    lines = []

    def look():
        for process in psutil.process_iter():
            try:
                lines.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue

    yield look
    assert any("program.py" in line for line in lines)
    assert not [line for line in lines if KEY in line]


@pytest.fixture
def holds_no_key(everything_in):
    """Check a folder, and what a program told."""

    def check(folder, told):
        assert KEY not in told
        assert "Traceback" not in told
        assert pq.read_table(folder / "labels.parquet").num_rows
        assert KEY not in str(pq.read_table(folder / "labels.parquet").to_pylist())
        kept = everything_in(folder)
        assert b"ticket" in kept
        assert KEY.encode() not in kept

    return check


@pytest.mark.parametrize("dialect", ["gemini", "openai"])
def test_a_key_appears_nowhere_whatever_is_answered(
    dialect, teacher_server, clips, tmp_path, holds_no_key, command_lines
):
    server = teacher_server()

    def behave(asked, times):
        command_lines()
        return list(ANSWERED.values())[asked.seed](asked)

    server.behave = behave
    folder = tmp_path / "out"
    folder.mkdir()
    by_file = dialect == "openai"
    process = run(server, dialect, clips(1)[0], folder, samples=len(ANSWERED), by_file=by_file)
    told, _ = process.communicate(timeout=60)
    assert len({asked.seed for asked in server.asked}) == len(ANSWERED), told
    assert process.returncode == 1, told
    holds_no_key(folder, told)
    # the key did travel, where it belongs
    assert all(KEY in str(asked.headers) for asked in server.asked)


@pytest.mark.parametrize("trouble", TURNED_AWAY)
@pytest.mark.parametrize("dialect", ["gemini", "openai"])
def test_a_key_that_is_turned_away_appears_nowhere(
    trouble, dialect, teacher_server, clips, label, tmp_path, holds_no_key, capfd, caplog
):
    server = teacher_server()
    server.behave = lambda asked, times: TURNED_AWAY[trouble](asked)
    with caplog.at_level("DEBUG"):
        code, _ = label(clips(1), server=server, dialect=dialect)
    assert (code, len(server.asked)) == (1, 2)
    holds_no_key(tmp_path, "".join(capfd.readouterr()) + caplog.text)


def test_the_echo_of_a_key_is_taken_out_and_the_rest_is_kept(teacher_server, clips, label):
    server = teacher_server()
    server.behave = lambda asked, times: ANSWERED["echoes"](asked)
    _, table = label(clips(1), server=server, samples=1)
    assert table.clips[0].samples[0].reasoning == "my key is ***"


def test_no_key_is_an_error_that_repeats_nothing(monkeypatch, tmp_path):
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="no key: expected the environment variable"):
        read_secret(variable="GEMINI_API_KEY", file=None)
    # one may have written the key where the name of the variable belongs
    with pytest.raises(ConfigError) as error:
        read_secret(variable=KEY, file=None)
    assert KEY not in str(error.value)
    with pytest.raises(ConfigError, match="--key-file: its first line cannot be read") as error:
        read_secret(variable="X", file=Path(tmp_path / KEY))
    assert KEY not in str(error.value)


def test_a_key_does_not_show():
    assert KEY not in repr(Secret(KEY))
    assert Secret(KEY).hide(f"a {KEY} b") == "a *** b"


def shelf_troubles(step, times):
    """Every step fails in every way, until it does not."""
    return {
        ("start", 1): (400, f"odd {KEY}"),
        ("start", 2): (500, f"trace {KEY}"),
        ("start", 3): CUT,
        ("upload", 1): CUT,
        ("upload", 2): (429, f"quota of {KEY}"),
        ("get", 1): (503, f"overloaded {KEY}"),
        ("delete", 1): (500, f"trace {KEY}"),
        ("delete", 2): CUT,
    }.get((step, times))


def test_a_key_appears_nowhere_when_films_are_sent(
    teacher_server, clips, tmp_path, holds_no_key, command_lines
):
    server = teacher_server()

    def behave(step, times):
        command_lines()
        return shelf_troubles(step, times)

    server.shelf.behave = behave
    folder = tmp_path / "out"
    folder.mkdir()
    film = ("--show", "video", "--attempts", "6")
    process = run(server, "gemini", clips(1)[0], folder, *film, samples=2, by_file=False)
    told, _ = process.communicate(timeout=60)
    holds_no_key(folder, told)
    assert set(server.shelf.steps) == {"start", "upload", "get", "delete"}
    # it travels in a header, to an upload's own address in none, and in no address
    own = [headers for step, headers in server.shelf.headers if step != "upload"]
    assert all(KEY in headers.values() for headers in own)
    assert not [url for url in server.shelf.urls if KEY in url]
