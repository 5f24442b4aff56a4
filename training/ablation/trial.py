"""One training of the table, by what ``subface train`` does, and what it says of the test fold."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from calibration.answer import probabilities
from engines.build.network_export import load_network
from engines.sequence.checkpoint import WEIGHTS
from training.ablation.config import Labels
from training.ablation.material import Material
from training.ablation.plan import Plan
from training.ablation.row import Training
from training.learning.branches_then_joint import STAGES
from training.learning.predict import predict
from training.learning.rounds_note import ROUNDS, read_rounds
from training.learning.run import train_network
from training.weak_to_strong.outcome import Outcome

TRAININGS: Final = "trainings"
SAME: Final = (0, 1)
"""Rounds in which a branch learns the same alone as before others join it: later ones also learn
from what the students of the round before said, and those differ."""
RESUMED: Final = "*.ckpt"
SPENT: Final = "cpu_s.txt"


def do_training(
    training: Training, plan: Plan, material: Material, out: Path, *, accelerator: str
) -> Outcome:
    """Train, or go on with what was interrupted, and read the test fold.

    Args:
        training: Which; what it is built on was done.
        plan: Of all.
        material: To learn from.
        out: The folder of the table.
        accelerator: As Lightning has it.

    Raises:
        SubfaceError: As ``train_network``.
    """
    folder = out / TRAININGS / training.name
    begin(training, out, gold=material.gold_labels)
    with spending(folder / SPENT):
        checkpoint = train_network(
            material.interviews,
            material.split_of(training),
            plan.recipe(training),
            folder,
            devices=1,
            accelerator=accelerator,
            pool=material.pool_of(training),
            paced_by=material.pace(training),
        )
    said = predict(load_network(checkpoint), material.interviews, material.tested, after_s=(inf,))
    rounds = read_rounds(folder)
    for path in folder.rglob(RESUMED):
        path.unlink()  # it only served going on, and a large network has hundreds of megabytes
    return Outcome(
        probabilities=probabilities(said.logits[:, -1], None),
        scores=() if rounds is None else tuple(own.auc for own in rounds.rounds),
        cpu_s=float((folder / SPENT).read_text(encoding="utf-8")),
        best=0 if rounds is None else rounds.kept,
    )


@contextmanager
def spending(path: Path) -> Iterator[None]:
    """Add up in a file what something costs of CPU time, over interruptions."""
    before_s = float(path.read_text(encoding="utf-8")) if path.is_file() else 0.0
    begun_s = time.process_time()
    try:
        yield
    finally:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{before_s + time.process_time() - begun_s:.3f}\n", encoding="utf-8")


def begin(training: Training, out: Path, *, gold: Labels) -> None:
    """Put the stages there that other trainings have done: the same recipe on the same data.

    Args:
        training: To be done.
        out: The folder of the table.
        gold: The labels that it has without a teacher's.
    """
    folder = out / TRAININGS / training.name
    for before, after in _shared(training, out, gold):
        path = folder / after / WEIGHTS
        if before.is_file() and not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            shutil.copyfile(before, part)
            part.replace(path)


def logits(outcome: Outcome) -> Float64[ndarray, "N C"]:
    """Return what a training said of the test fold, as logits."""
    return np.asarray(np.log(np.maximum(outcome.probabilities, np.finfo(np.float32).tiny)))


def _shared(training: Training, out: Path, gold: Labels) -> Iterator[tuple[Path, Path]]:
    """Yield weights that may be there, and the stage of this training that they are of."""
    for own in training.built_on:
        done, stage = out / TRAININGS / own.name, Path(STAGES) / own.given[0]
        yield done / stage / WEIGHTS, stage
        for number in SAME:
            for lesson in sorted((done / ROUNDS).glob(f"{number}-*")):
                within = Path(ROUNDS) / lesson.name / stage
                yield done / within / WEIGHTS, within
    if training.way.labels == "pseudo":
        # round 0 is gold alone, for as many steps
        done = out / TRAININGS / training.learning_from(gold).name / STAGES
        for path in sorted(done.glob("*")):
            yield path / WEIGHTS, Path(ROUNDS) / "0-all" / STAGES / path.name
