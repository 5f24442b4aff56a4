"""Weak to strong on texts as .venv-build's Python runs it, on a few of GoEmotions' comments."""

import json
import os
import subprocess

import pytest

from engines.models.convert import CHECKOUT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def comments(media, tmp_path_factory):
    """A folder like GoEmotions' with few comments, the first of the test among those to learn."""
    whole, folder = media.parent / "data/goemotions", tmp_path_factory.mktemp("comments")
    lines = {}
    for name, count in (("group_train.tsv", 500), ("group_dev.tsv", 200)):
        with (whole / name).open(encoding="utf-8") as file:
            lines[name] = [line for line, _ in zip(file, range(count), strict=False)]
    lines["group_train.tsv"] += lines["group_dev.tsv"][:50]
    for name, own in lines.items():
        (folder / name).write_text("".join(own), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(need_build_python, need_model, comments, tmp_path_factory):
    need_model("minilm-l6-tokenizer")
    models = need_model("minilm-l6-weights").parents[1]
    cache = tmp_path_factory.mktemp("vectors")

    def to_its_end(data, out):
        command = [need_build_python, "-m", "training.weak_to_strong", "texts", "--quick"]
        command += ["--data", data, "--models", models, "--cache", cache, "--out", out]
        return subprocess.run(
            list(map(str, command)),
            env=os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"},
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )

    return to_its_end


def test_one_command_makes_the_table_and_goes_on(run, comments, tmp_path):
    first = run(comments, tmp_path)
    assert (first.returncode, first.stderr) == (0, "")
    results = json.loads((tmp_path / "results.json").read_text())
    ways = results["comparisons"]["5 %"]
    assert set(ways) == {"gold", "teacher", "naive", "student", "transductive"}
    figure = ways["student"]["auc"]["mean"]
    assert figure["low"] <= figure["value"] <= figure["high"]
    assert 50 < figure["n"] < 200
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "trials").iterdir()}
    assert len(written) == 8
    again = run(comments, tmp_path)
    assert again.returncode == 0
    assert written == {path: path.stat().st_mtime_ns for path in (tmp_path / "trials").iterdir()}


def test_a_folder_without_the_comments_is_named(run, tmp_path):
    done = run(tmp_path, tmp_path / "out")
    assert done.returncode == 2
    assert "expected group_train.tsv and group_dev.tsv" in done.stderr
    assert len(done.stderr.splitlines()) == 1
