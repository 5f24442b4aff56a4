"""A run that is killed, and run again: what was answered is not asked twice, no film is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from training.commands.label import label as work
from training.labelling.table import read_table

PROGRAM = Path(__file__).parent / "program.py"
CONCURRENCY = 3


def start(server, dialect, films, out, *more):
    words = [sys.executable, PROGRAM, "0", "label", *films, "--teacher", dialect, "--out", out]
    words += ["--base-url", server.urls[dialect], "--allow-upload", "127.0.0.1", "--budget", "5"]
    words += ["--frames", "2", "--frame-px", "64", "--samples", "3", "--concurrency", CONCURRENCY]
    words += ["--max-output-tokens", "1024", *more]
    keys = {"GEMINI_API_KEY": "k" * 20, "OPENAI_API_KEY": "k" * 20}
    root = PROGRAM.parents[2]
    return subprocess.Popen(
        list(map(str, words)),
        env=os.environ | keys | {"PYTHONPATH": str(root)},
        stderr=subprocess.DEVNULL,
        cwd=root,
    )


@pytest.mark.parametrize(("after", "dialect"), [(1, "openai"), (7, "gemini"), (20, "openai")])
def test_a_kill_repeats_at_most_the_calls_that_were_under_way(
    after, dialect, teacher_server, clips, options, tmp_path
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
    assert work(options(films, server=server, dialect=dialect, samples=3)) == 0
    table = read_table(out)
    assert [clip.status for clip in table.clips] == ["labelled"] * 5
    assert len(set(server.times)) == 30
    repeated = [digest for digest, times in server.times.items() if times > 1]
    assert len(repeated) <= CONCURRENCY
    assert max(server.times.values()) <= 2
    assert set(repeated) <= first


def wait_for(happened, run):
    until = time.monotonic() + 60
    while not happened() and run.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    assert run.poll() is None


@pytest.mark.parametrize(("step", "times"), [("upload", 1), ("get", 3)])
def test_a_kill_leaves_films_that_the_next_run_deletes(
    step, times, teacher_server, clips, options, tmp_path
):
    server, out = teacher_server(wait_s=0.03), tmp_path / "labels.parquet"
    films = clips(4)
    run = start(server, "gemini", films, out, "--show", "video")
    wait_for(lambda: server.shelf.steps[step] >= times, run)
    run.kill()
    run.wait()
    assert work(options(films, server=server, samples=3, show="video")) == 0
    assert [clip.status for clip in read_table(out).clips] == ["labelled"] * 4
    assert not server.shelf.films
    repeated = [digest for digest, times in server.times.items() if times > 1]
    assert len(repeated) <= CONCURRENCY


def test_an_interruption_leaves_no_film_and_keeps_what_is_known(teacher_server, clips, tmp_path):
    server, out = teacher_server(wait_s=0.05), tmp_path / "labels.parquet"
    run = start(server, "gemini", clips(5), out, "--show", "video")
    # the fourth clip is begun when one of the first three has its label
    wait_for(lambda: server.shelf.steps["start"] > CONCURRENCY, run)
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=30) in {130, 1, -signal.SIGINT}
    assert not server.shelf.films
    assert "labelled" in {clip.status for clip in read_table(out).clips}
