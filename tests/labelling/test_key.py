"""A marked key through every path: nothing that is kept or shown holds it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
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
ROUNDS = [ANSWERED, *({name: path} for name, path in TURNED_AWAY.items())]


def run(server, dialect, film, folder, *, samples, by_file):
    words = [sys.executable, PROGRAM, "2", "label", film, "--teacher", dialect]
    words += ["--out", folder / "labels.parquet", "--base-url", server.urls[dialect]]
    words += ["--allow-upload", "127.0.0.1", "--budget", "5", "--frames", "1", "--frame-px", "64"]
    words += ["--samples", samples, "--attempts", "2", "--pause", "0.01", "--timeout", "0.5"]
    words += ["--max-output-tokens", "1024"]
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


@pytest.mark.parametrize("dialect", ["gemini", "openai"])
def test_a_key_appears_nowhere_whatever_is_answered(
    dialect, teacher_server, clips, tmp_path, everything_in
):
    server = teacher_server()
    command_lines = []

    def behave(asked, times):
        for process in psutil.process_iter():
            try:
                command_lines.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return list(paths.values())[asked.seed](asked)

    server.behave = behave
    (film,) = clips(1)
    for place, paths in enumerate(ROUNDS):
        folder = tmp_path / str(place) / "out"
        folder.mkdir(parents=True)
        asked = len(server.asked)
        process = run(server, dialect, film, folder, samples=len(paths), by_file=place % 2 == 1)
        told, _ = process.communicate(timeout=60)
        assert len({asked.seed for asked in server.asked[asked:]}) == len(paths), told
        assert KEY not in told
        assert process.returncode == 1, told
        assert pq.read_table(folder / "labels.parquet").num_rows == 1
        assert KEY not in str(pq.read_table(folder / "labels.parquet").to_pylist())
        kept = everything_in(folder)
        assert b"ticket" in kept
        assert KEY.encode() not in kept
    # the key did travel, where it belongs
    sent = {str(asked.headers) for asked in server.asked}
    assert all(KEY in headers for headers in sent)
    assert any("program.py" in line for line in command_lines)
    assert not [line for line in command_lines if KEY in line]


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
