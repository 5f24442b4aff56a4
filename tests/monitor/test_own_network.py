"""A user's own network, from its training to readings by its compiled graphs, as typed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import openvino
import pytest

from engines.models.store import ModelStore
from engines.sequence.checkpoint import Fed, read_checkpoint, write_description
from engines.sequence.feed import feed
from stream.cli import main
from stream.profile import load_profile

SUBFACE = Path(sys.executable).with_name("subface")
CLIP = "faces/carphone_pristine.mp4"
SMALL = (
    "synthetic.interviews=12", "synthetic.subjects=12", "synthetic.positive=0.5",
    "synthetic.duration_s=[100,101]", "synthetic.lag_s=[25,30]", "synthetic.grid_hz=12.5",
    "synthetic.appearance_width=160", "network.width=16", "network.heads=2", "network.band_s=2",
    "branches.text=null", "branches.keypoints=null", "branches.image.epochs=1", "patience=null",
)  # fmt: skip
NO_MORE = ("perception.keypoints.model=null", "speech.model=null")
"""What this small network has no use for."""


def settings(*pairs):
    return [word for pair in pairs for word in ("--set", pair)]


@pytest.fixture(scope="module")
def trained(need_build_python, tmp_path_factory):
    """The folder of `subface train synthetic`, at the smallest scale that there is."""
    folder = tmp_path_factory.mktemp("own")
    done = subprocess.run(
        [SUBFACE, "train", "synthetic", "--out", "first", "--threads", "1", "--accelerator", "cpu",
         "--devices", "1", *settings(*SMALL)],
        cwd=folder, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "first"


@pytest.fixture
def cache(store, tmp_path, monkeypatch):
    """A cache with the models of the user's, and no plans."""
    root = tmp_path / "cache"
    root.mkdir()
    (root / "models").symlink_to(store.root / "models")
    monkeypatch.setenv("SUBFACE_CACHE", str(root))
    return root


@pytest.fixture
def nothing_compiles(monkeypatch):
    """Whatever is not loaded from a plan fails."""

    def refuse(*_, **__):
        pytest.fail("a graph was compiled although its plan is stored")

    def begin():
        monkeypatch.setattr(openvino.Core, "compile_model", refuse)

    return begin


@pytest.mark.slow
def test_what_was_trained_is_built_and_every_reading_names_it(
    trained, cache, nothing_compiles, run_monitor, media
):
    own = settings(f"network.model={trained}", *NO_MORE)
    assert main(["engines", "build", *own]) == 0
    nothing_compiles()
    run = run_monitor(media / CLIP, *own)
    assert run.code == 0
    digest = read_checkpoint(trained).digest
    assert {(r["model"]["name"], r["model"]["digest"]) for r in run.readings} == {("small", digest)}
    # made-up features are not what a live run has: it says so instead of reading noise
    assert {r["modalities"]["image"]["state"] for r in run.readings} == {"untrained"}
    assert {r["fused"] for r in run.readings} == {None}


@pytest.mark.slow
def test_one_that_learned_from_what_it_is_fed_reads_by_its_compiled_graphs(
    trained, cache, nothing_compiles, run_monitor, media, tmp_path
):
    folder = tmp_path / "fed"
    shutil.copytree(trained, folder)
    profile = load_profile("embedded", list(NO_MORE))
    fed: dict[str, Fed] = feed(ModelStore(), profile.perception, None)
    description = read_checkpoint(folder).description.model_copy(update={"fed": fed})
    checkpoint = write_description(folder, description)
    own = settings(f"network.model={folder}", *NO_MORE)
    assert main(["engines", "build", *own]) == 0
    stored = [json.loads(path.read_text())["name"] for path in (cache / "plans").glob("*.json")]
    assert {"image-step", "fusion"} <= set(stored)
    nothing_compiles()
    run = run_monitor(media / CLIP, *own)
    fused = [r for r in run.readings if r["fused"] is not None]
    assert fused
    assert {r["model"]["digest"] for r in fused} == {checkpoint.digest}
    assert {r["fused"]["construct"] for r in fused} == {"synthetic"}
    assert checkpoint.digest != read_checkpoint(trained).digest
