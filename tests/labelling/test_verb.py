"""The verb as a user types it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engines.errors import ConfigError
from stream.cli import main

PROGRAM = Path(__file__).parent / "program.py"


@pytest.fixture
def process(tmp_path):
    def run(*words):
        return subprocess.run(
            [sys.executable, PROGRAM, "0", *map(str, words)],
            env={name: value for name, value in os.environ.items() if "API_KEY" not in name}
            | {"PYTHONPATH": str(PROGRAM.parents[2])},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def subface(tmp_path, monkeypatch, capfd):
    """Run the command line here: its code, and what it said."""
    monkeypatch.chdir(tmp_path)
    for variable in ("GEMINI_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(variable, raising=False)

    def run(*words):
        code = main(list(map(str, words)))
        out, told = capfd.readouterr()
        return subprocess.CompletedProcess(words, code, out, told)

    return run


def test_a_first_clip_is_no_verb_and_report_is(subface, process, clips, tmp_path):
    (tmp_path / "clip0.vtt").write_text("WEBVTT\n\n00:00.100 --> 00:00.900\nI love it\n")
    out = tmp_path / "labels.parquet"
    given = ("--teacher", "lexicon", "--transcripts", tmp_path, "--out", out)
    for run, words in ((process, (*clips(1), *given)), (subface, (*given, *clips(1)))):
        done = run("label", *words)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert "1 of 1 clips labelled" in done.stderr
    done = subface("label", "report", out, "--out", tmp_path / "report.html")
    assert (done.returncode, done.stdout) == (0, "labelled 1 of 1 clips\n"), done.stderr


def test_a_table_that_cannot_be_written_is_told_before_anything_is_sent(
    teacher_server, clips, label, tmp_path
):
    server = teacher_server()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"--out .*x\.parquet: cannot be written"):
        label(
            clips(1), server=server, out=tmp_path / "file" / "x.parquet", cache=tmp_path / "cache"
        )
    assert not server.asked


def test_an_estimate_needs_neither_key_nor_leave(subface, clips, tmp_path):
    words = (*clips(2), "--teacher", "gemini", "--out", tmp_path / "x.parquet", "--estimate")
    done = subface("label", *words)
    assert done.returncode == 0, done.stderr
    assert "2 clips, 5 samples each: 20 calls (at most 40)" in done.stderr
    assert "price of gemini-2.5-pro as of" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--budget", "1"), 5, "--allow-upload gemini allows it"),
        (("--allow-upload", "gemini"), 5, "--purpose and --notice must be given"),
        (
            ("--allow-upload", "gemini", "--purpose", "research", "--notice", "n"),
            *(2, "expected a limit"),
        ),
        (
            ("--allow-upload", "gemini", "--purpose", "research", "--notice", "n", "--budget", "1"),
            *(2, "no key"),
        ),
        (("--prompts", "no_such_set"), 2, "expected hidden_emotion_1"),
        (("--labels", "one"), 2, "expected two classes"),
        (("--transcript", "masked"), 2, "--transcripts FOLDER"),
    ],
)
def test_what_is_missing_is_told_in_one_line(words, code, told, subface, clips, tmp_path):
    out = tmp_path / "x.parquet"
    done = subface("label", *clips(1), "--teacher", "gemini", "--out", out, *words)
    assert done.returncode == code
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("x.*"))


def test_prompts_of_ones_own_are_taken(subface, tmp_path, clips):
    (tmp_path / "mine").mkdir()
    for name in ("system", "reason", "reflect", "repair"):
        (tmp_path / "mine" / f"{name}.md.j2").write_text("{{ nothing_of_the_kind }}")
    done = subface(
        *("label", *clips(1), "--teacher", "gemini", "--estimate"),
        *("--out", tmp_path / "x.parquet", "--prompts", tmp_path / "mine"),
    )
    assert done.returncode == 2
    assert "nothing_of_the_kind' is undefined" in done.stderr
