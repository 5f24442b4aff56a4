"""Tests of what learns: they run where torch and Lightning are, in .venv-build.

    PYTHONPATH=. .venv-build/bin/python -m pytest -c tests/learning/pytest.ini tests/learning

``make test`` does so too (tests/training/test_torch_modules.py).
"""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("lightning") else ["test_*.py"]

if find_spec("lightning"):
    from dataclasses import fields

    import pytest
    import torch

    from training.extraction.manifest import (
        MadeBy,
        ShardManifest,
        ShardNote,
        SourceNote,
        write_manifest,
    )
    from training.extraction.shard import Shard, write_shard
    from training.learning.recipe import Recipe
    from training.split import divide
    from training.synthetic.interviews import SyntheticInterviews
    from training.synthetic.script import SyntheticConfig

    torch.set_num_threads(1)

    @pytest.fixture
    def seeded():
        torch.manual_seed(0)

    @pytest.fixture(scope="session")
    def interviews():
        """Two minutes each of twelve people, a tick a second."""
        return SyntheticInterviews(
            SyntheticConfig(
                interviews=24,
                subjects=12,
                positive=0.5,
                grid_hz=1.0,
                duration_s=(110.0, 130.0),
                lag_s=(25.0, 50.0),
                appearance_width=6,
                text_width=5,
            )
        )

    @pytest.fixture(scope="session")
    def split(interviews):
        shares = {"train": 0.5, "validation": 0.25, "test": 0.25}
        return divide(interviews.entries, shares, seed=0)

    @pytest.fixture(scope="session")
    def recipe():
        """Make a recipe of seconds; by dotted key what is to be otherwise."""

        def make(**changed):
            stated = {
                "name": "tiny",
                "network": {"width": 16, "heads": 2, "looks": 2, "band_s": 60.0, "dropout": 0.1},
                "branches": {
                    name: {"layers": 1, "epochs": 2} for name in ("image", "keypoints", "text")
                },
                "joint": {"epochs": 2},
                "batch": 6,
                "patience": 1,
                "augment": {"mirror": 0.5, "warp": 0.1, "points": 0.05, "ticks": 0.1},
            }
            return Recipe.model_validate(stated | changed)

        return make

    @pytest.fixture(scope="session")
    def write_shards():
        """Write interviews as an extraction leaves them, each of a film of its own."""

        def write(folder, interviews, *, fed, film=lambda _: None):
            manifest = ShardManifest(
                made_by=MadeBy(
                    program="subface",
                    profile="embedded",
                    profile_sha256="b" * 64,
                    subject="main",
                    grid_hz=0.5,
                    word_delay_s=1.0,
                    fed=fed,
                    models={},
                )
            )
            for interview in interviews:
                name, ticks = interview.entry.name, len(interview)
                own = Shard(**{item.name: getattr(interview, item.name) for item in fields(Shard)})
                sha256, size_bytes = write_shard(folder / f"{name}.npz", own)
                note = ShardNote(
                    file=f"{name}.npz",
                    sha256=sha256,
                    size_bytes=size_bytes,
                    epoch=0,
                    person="p1",
                    first_tick=0,
                    ticks=ticks,
                    seen_ticks=ticks,
                )
                source = SourceNote(
                    address=f"{name}.mp4",
                    live=False,
                    sha256=film(name),
                    frames=ticks,
                    dropped=0,
                    shards=(note,),
                )
                manifest = manifest.having(name, source)
            write_manifest(folder, manifest)

        return write
