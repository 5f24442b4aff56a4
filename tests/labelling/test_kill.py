"""A run that is killed, and run again: what was answered is not asked twice."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from training.labelling.table import read_table

PROGRAM = Path(__file__).parent / "program.py"
CONCURRENCY = 3


def start(server, dialect, films, out, **environment):
    words = [sys.executable, PROGRAM, "0", "label", *films, "--teacher", dialect, "--out", out]
    words += ["--base-url", server.urls[dialect], "--allow-upload", "127.0.0.1", "--budget", "5"]
    words += ["--frames", "2", "--frame-px", "64", "--samples", "3", "--concurrency", CONCURRENCY]
    words += ["--max-output-tokens", "1024"]
    keys = {"GEMINI_API_KEY": "k" * 20, "OPENAI_API_KEY": "k" * 20}
    root = PROGRAM.parents[2]
    return subprocess.Popen(
        list(map(str, words)),
        env=os.environ | keys | {"PYTHONPATH": str(root)} | environment,
        stderr=subprocess.DEVNULL,
        cwd=root,
    )


@pytest.mark.parametrize("dialect", ["gemini", "openai"])
@pytest.mark.parametrize("after", [1, 7, 20])
def test_a_kill_repeats_at_most_the_calls_that_were_under_way(
    after, dialect, teacher_server, clips, tmp_path
):
    server, out = teacher_server(wait_s=0.03), tmp_path / "labels.parquet"
    films = clips(5)
    run = start(server, dialect, films, out)
    until = time.monotonic() + 60
    while len(server.asked) < after and time.monotonic() < until:
        time.sleep(0.002)
    run.kill()
    run.wait()
    assert after <= len(server.asked) < 30
    first = {asked.digest for asked in server.asked}
    assert start(server, dialect, films, out).wait(timeout=60) == 0
    table = read_table(out)
    assert [clip.status for clip in table.clips] == ["labelled"] * 5
    assert len(set(server.times)) == 30
    repeated = [digest for digest, times in server.times.items() if times > 1]
    assert len(repeated) <= CONCURRENCY
    assert max(server.times.values()) <= 2
    assert set(repeated) <= first
