"""``subface train`` as a user runs it, from the monitor's own Python to a checkpoint."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engines.errors import ConfigError, ModelSourceError
from engines.sequence.checkpoint import read_checkpoint
from training import environment

SUBFACE = Path(sys.executable).with_name("subface")
TINY = (
    "synthetic.interviews=24", "synthetic.subjects=12", "synthetic.positive=0.5",
    "synthetic.duration_s=[110,130]", "synthetic.lag_s=[25,50]", "synthetic.text_width=6",
    "network.width=16", "network.heads=2", "branches.image=null", "branches.keypoints=null",
    "branches.text.epochs=2", "patience=null",
)  # fmt: skip


@pytest.fixture
def train(need_build_python, tmp_path):
    def to_its_end(*arguments, settings=TINY):
        words = [SUBFACE, "train", *arguments]
        for setting in settings:
            words += ["--set", setting]
        return subprocess.run(
            list(map(str, words)),
            cwd=tmp_path,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return to_its_end


@pytest.mark.slow
def test_two_devices_leave_one_checkpoint_where_they_were_told_to(train, tmp_path):
    done = train(
        "synthetic", "--out", "run", "--threads", "1", "--accelerator", "cpu", "--devices", "2"
    )
    assert done.returncode == 0, done.stderr
    description = read_checkpoint(tmp_path / "run").description
    assert done.stdout.startswith("run: small, text, learned from made-up interviews (seed 0)")
    assert done.stdout.count("\n") == 1
    assert done.stderr.count("text: epoch ") == 2
    assert description.shape.grid_hz == 0.5
    assert list(description.fed) == ["text"]
    assert "subface train synthetic --out run" in (tmp_path / "run/CARD.md").read_text()
    assert (tmp_path / "run/confusion.png").stat().st_size


def test_an_expected_failure_is_one_line_and_exit_code_2(train):
    done = train("synthetic", "--out", "run", settings=["joint.epoch=3"])
    assert done.returncode == 2
    assert done.stderr.startswith("subface: ")
    assert "did you mean 'epochs'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_any_torch_the_remedy_is_told(monkeypatch):
    def nowhere():
        raise ModelSourceError

    monkeypatch.setattr(environment, "has_torch", lambda: False)
    monkeypatch.setattr(environment, "build_python", nowhere)
    with pytest.raises(ConfigError, match="run `make build-env`") as told:
        environment.torch_python()
    assert told.value.exit_code == 2


def test_a_python_that_has_torch_does_the_work_itself(monkeypatch):
    monkeypatch.setattr(environment, "has_torch", lambda: True)
    assert environment.torch_python() == Path(sys.executable)


def test_the_work_is_handed_over_with_the_process(monkeypatch, tmp_path):
    handed = []
    monkeypatch.setattr(environment, "torch_python", lambda: Path("/some/python"))
    monkeypatch.setattr(environment.os, "execve", lambda *given: handed.append(given))
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    environment.hand_over("some.module", {"out": tmp_path, "overrides": ["a=1"], "threads": None})
    ((program, command, variables),) = handed
    assert program == "/some/python"
    assert command[:4] == ["/some/python", "-P", "-m", "some.module"]
    assert command[4] == f'{{"out": "{tmp_path}", "overrides": ["a=1"], "threads": null}}'
    assert "PYTHONHOME" not in variables
    assert (Path(variables["PYTHONPATH"]) / "pyproject.toml").is_file()
