"""One run of the comparison, and the small file that a finished one leaves.

The file's name is a digest of all that the run hangs on: what was trained how, on whose clips, of
which bytes. A run whose file is there is not done again; one that anything was changed of is.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from training.errors import DatasetError
from training.skeletons.clips import Fold
from training.skeletons.material import Material
from training.skeletons.skeleton_network import CHANNELS, DROPOUT, HEADS, LAYERS, LOOKS, WIDTH
from training.skeletons.skeleton_training import Recipe, train

MADE: Final = 1
"""To be raised when the same configuration would give something else: jitter, features, network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is trained how, and on whom it is tested.

    Attributes:
        recipe: How.
        fold: Whom on.
    """

    recipe: Recipe
    fold: Fold

    def configuration(self, material: Material) -> dict[str, Any]:
        """Return all that the outcome hangs on."""
        return {
            "made": MADE,
            "data": {"name": material.name, "sha256": material.recordings.sha256},
            "dataset": {
                key: value
                for key, value in asdict(material.dataset).items()
                if key not in {"title", "target", "epochs"}
            },
            "recipe": asdict(self.recipe),
            "network": {
                "width": WIDTH,
                "layers": LAYERS,
                "heads": HEADS,
                "looks": LOOKS,
                "dropout": DROPOUT,
                "channels": list(CHANNELS),
            },
            "train": sorted(self.fold.train),
            "test": sorted(self.fold.test),
        }

    def path(self, material: Material, folder: Path) -> Path:
        """Return where its outcome is kept."""
        text = json.dumps(self.configuration(material), sort_keys=True)
        return folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"

    def do(self, material: Material, folder: Path) -> Mapping[str, Any]:
        """Train and test, unless that was done before, and return the outcome.

        Returns:
            ``configuration``, ``accuracy``, ``predicted`` of each test clip, ``labels`` and
            ``cpu_s``.

        Raises:
            DatasetError: If the file of an earlier run cannot be read.
        """
        path = self.path(material, folder)
        if path.exists():
            return _read(path)
        tested = material.clips.of(self.fold.test)
        trained = train(self.recipe, material.clips.of(self.fold.train), tested, material.skeleton)
        outcome = {
            "configuration": self.configuration(material),
            "accuracy": float((trained.predicted == tested.labels).mean()),
            "predicted": trained.predicted.tolist(),
            "labels": tested.labels.tolist(),
            "cpu_s": round(trained.cpu_s, 2),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(outcome) + "\n", encoding="utf-8")
        os.replace(partial, path)  # noqa: PTH105 (atomic: an interruption leaves all or nothing)
        return outcome


def _read(path: Path) -> Mapping[str, Any]:
    try:
        outcome: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path}: expected the outcome of a run: {error}; delete it to do the run again"
        raise DatasetError(msg) from error
    return outcome
