"""A whole training, from interviews to the folder that a live run opens.

    out/run.json              what is trained on what, so that nothing else goes on here
    out/stages/NAME/          of each stage (``branches_then_joint``)
    out/rounds/LESSON/        instead, where a teacher's labels are learned from: of each student
    out/network.json, ...     the checkpoint (``engines.sequence.checkpoint``)

A run that was interrupted and is started again goes on from the last whole epoch of its stage.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from calibration.domain_fit import fit_calibration
from engines.build.network_export import save_network
from engines.networks.interview_network import InterviewNetwork
from engines.sequence.checkpoint import (
    DESCRIPTION,
    Beside,
    Calibration,
    Checkpoint,
    read_checkpoint,
)
from engines.sequence.shape import Modality, NetworkShape
from training.errors import DatasetError, SplitError
from training.interview import InterviewSet
from training.learning.branches_then_joint import Learning, branches_then_joint
from training.learning.dataset import Fold
from training.learning.devices import is_first, wait_for_all
from training.learning.imbalance import class_weights, taken_prior
from training.learning.interview_rounds import learned_in_rounds
from training.learning.predict import predict
from training.learning.recipe import Recipe
from training.learning.rounds_note import read_rounds
from training.learning.run_note import keep_run, noted
from training.learning.taught_pool import TaughtPool
from training.reasoning.reasoned import ReasonedInterviews, readings
from training.split import Split, divide

RUN: Final = "run.json"
TRAIN: Final = "train"
VALIDATION: Final = "validation"


def train_network(
    interviews: InterviewSet,
    split: Split,
    recipe: Recipe,
    out: Path,
    *,
    devices: int | str = "auto",
    accelerator: str = "auto",
    pool: TaughtPool | None = None,
    paced_by: int = 0,
) -> Checkpoint:
    """Train a network, or go on with what was interrupted.

    Args:
        interviews: Where the interviews are.
        split: Its fold ``train`` is learned from, by the labels of its entries; its fold
            ``validation`` chooses and calibrates. Where that has one class, or is none, some
            subjects of ``train`` take its place. Other folds are not looked at.
        recipe: How.
        out: The folder of the run.
        devices: How many CPUs or GPUs, or ``auto``.
        accelerator: ``auto``, ``cpu``, ``gpu``.
        pool: What a teacher said of other interviews of the set, and of those of the fold
            ``train``, to learn from besides (``recipe.pseudo``). Where that gains nothing on gold,
            the network is one of gold alone, which was trained for as many steps.
        paced_by: Where there is no pool: of how many interviews one would be, so that the network
            is trained for as many steps as beside it; for who is to be compared.

    Returns:
        The checkpoint: the folder itself.

    Raises:
        DatasetError: If the data cannot be learned from; SplitError, if a fold is the reason.
        ConfigError: If the folder holds a run of another recipe, of other data, or of another pool.
    """
    given, split = split, with_validation(split, recipe)
    gold = split.folds[TRAIN]
    if pool is not None:
        pool.check(given, train=TRAIN, classes=len(interviews.labels))
        pool = pool.of(gold, given.folds[TRAIN])
    everybody = Fold(interviews, gold if pool is None else gold + pool.entries, name=TRAIN)
    train = everybody.part(range(len(gold)), name=TRAIN)
    class_weights(train.labels, classes=len(interviews.labels))
    learning = Learning(
        recipe=recipe,
        train=train,
        validation=Fold(interviews, split.folds[VALIDATION], name=VALIDATION),
        shape=_shape(interviews, everybody, recipe),
        folder=out,
        devices=devices,
        accelerator=accelerator,
        pool=paced_by,
    )
    keep_run(out / RUN, learning, interviews, pool=None if pool is None else noted(pool, everybody))
    if (out / DESCRIPTION).is_file():
        return read_checkpoint(out)
    with quiet():
        if pool is None:
            network = branches_then_joint(learning)
        else:
            network = learned_in_rounds(learning, everybody, pool)
    if is_first():
        _save(network, interviews, learning, pool)
    wait_for_all()
    return read_checkpoint(out)


def with_validation(split: Split, recipe: Recipe) -> Split:
    """Return a split that has a validation fold of two classes, if need be out of ``train``.

    Raises:
        SplitError: If there is no fold ``train``, or it has one class.
    """
    if TRAIN not in split.folds:
        msg = f"expected a fold {TRAIN}, got {', '.join(split.folds)}"
        raise SplitError(msg)
    if len(split.counts(TRAIN)) < 2:  # noqa: PLR2004 (classes)
        msg = f"{TRAIN}: expected two classes at least, got one: there is nothing to tell apart"
        raise SplitError(msg)
    if VALIDATION in split.folds and len(split.counts(VALIDATION)) > 1:
        return split
    shares = {TRAIN: 1 - recipe.validation, VALIDATION: recipe.validation}
    return divide(split.folds[TRAIN], shares, seed=recipe.seed)


def described(
    interviews: InterviewSet, learning: Learning, pool: TaughtPool | None = None
) -> dict[str, Any]:
    """Return what the checkpoint says of itself."""
    recipe, train, labels = learning.recipe, learning.train, interviews.labels
    return {
        "name": recipe.name,
        "labels": labels,
        "taught": interviews.taught,
        "trained_on": _trained_on(interviews.name, learning, pool),
        "fed": {
            name: fed for name, fed in interviews.fed.items() if name in learning.shape.branches
        },
        "beside": _beside(interviews, learning),
        "word_delay_s": interviews.word_delay_s,
        "prior": taken_prior(recipe, train.labels, classes=len(labels)),
    }


def _beside(interviews: InterviewSet, learning: Learning) -> dict[Modality, Beside]:
    if not isinstance(interviews, ReasonedInterviews):
        return {}
    return {"text": interviews.source.beside(withheld=learning.recipe.augment.reasoning)}


def _trained_on(name: str, learning: Learning, pool: TaughtPool | None) -> str:
    train = learning.train
    subjects = len({entry.subject for entry in train.entries})
    gold = f"{name}: {len(train)} interviews of {subjects} people"
    rounds = read_rounds(learning.folder)
    if pool is None or rounds is None or not rounds.kept:
        return gold
    return f"{gold}, and {len(pool.entries)} without a label by what {pool.teacher} said of them"


def _save(
    network: InterviewNetwork,
    interviews: InterviewSet,
    learning: Learning,
    pool: TaughtPool | None,
) -> None:
    """Calibrate a network and write its checkpoint."""
    calibrations = {own.name: _calibrated(network, own, learning) for own in readings(interviews)}
    described_so = {**described(interviews, learning, pool), "calibrations": calibrations}
    save_network(network, learning.folder, described_so)


def _calibrated(
    network: InterviewNetwork, interviews: InterviewSet, learning: Learning
) -> Calibration:
    """Return the temperature, and the threshold of the recipe's risk, on the validation fold."""
    fold = learning.validation
    read = predict(network, interviews, fold.entries)
    labels = np.array(fold.labels)
    recipe, train = learning.recipe, learning.train
    taken = taken_prior(recipe, train.labels, classes=len(interviews.labels))
    return fit_calibration(read.logits, labels, risk=recipe.risk, taken=taken).calibration


def _shape(interviews: InterviewSet, train: Fold, recipe: Recipe) -> NetworkShape:
    try:
        shape = recipe.shape(train.features, classes=len(interviews.labels), grid_hz=train.grid_hz)
    except ValueError as error:
        has = ", ".join(train.features) or "nothing"
        reason = " ".join(str(error).split())
        msg = f"recipe {recipe.name} does not fit {interviews.name}, which has {has}: {reason}"
        raise DatasetError(msg) from error
    if isinstance(interviews, ReasonedInterviews) and shape.text is None:
        msg = (
            f"recipe {recipe.name} has no branch for text, which a teacher's reasoning is an input "
            "of; state branches.text, or leave --reasoning out"
        )
        raise DatasetError(msg)
    return shape


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out what Lightning says of itself, and of choices that were made knowingly."""
    log = logging.getLogger("lightning.pytorch")
    level = log.level
    log.setLevel(logging.WARNING)
    with warnings.catch_warnings():
        for said in (
            ".*does not have many workers.*",
            ".*Checkpoint directory .* exists and is not empty.*",
            ".*isinstance.treespec, LeafSpec.. is deprecated.*",  # Lightning's own use of torch
        ):
            warnings.filterwarnings("ignore", message=said)
        try:
            yield
        finally:
            log.setLevel(level)
