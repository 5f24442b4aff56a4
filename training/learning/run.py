"""A whole training: each branch alone, then together, then the folder that a live run opens.

    out/run.json              what is trained on what, so that nothing else goes on here
    out/stages/NAME/          checkpoints, metrics.csv and, when it is done, weights.safetensors
    out/network.json, ...     the checkpoint (``engines.sequence.checkpoint``)

A run that was interrupted and is started again goes on from the last whole epoch of its stage.
"""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import load_file, save

from calibration.domain_fit import fit_calibration
from engines.build.network_export import save_network
from engines.errors import ConfigError
from engines.networks.interview_network import InterviewNetwork
from engines.sequence.checkpoint import (
    DESCRIPTION,
    WEIGHTS,
    Calibration,
    Checkpoint,
    read_checkpoint,
)
from engines.sequence.shape import Modality, NetworkShape
from training.errors import DatasetError, SplitError
from training.interview import Entry, InterviewSet
from training.learning.dataset import Fold
from training.learning.devices import is_first, wait_for_all
from training.learning.imbalance import class_weights, taken_prior
from training.learning.joint import alone, joined
from training.learning.predict import predict
from training.learning.recipe import Recipe
from training.learning.stage import Stage, run_stage
from training.learning.watch import METRICS, Metrics, Progress
from training.split import Split, divide

RUN: Final = "run.json"
STAGES: Final = "stages"
JOINT: Final = "joint"
TRAIN: Final = "train"
VALIDATION: Final = "validation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """What all stages of a run share.

    Attributes:
        recipe: How.
        train: To learn from.
        validation: To choose and to calibrate by.
        shape: Of the joint network.
        out: The run's folder.
        devices: How many, or ``auto``.
        accelerator: As Lightning has it.
    """

    recipe: Recipe
    train: Fold
    validation: Fold
    shape: NetworkShape
    out: Path
    devices: int | str
    accelerator: str


def train_network(
    interviews: InterviewSet,
    split: Split,
    recipe: Recipe,
    out: Path,
    *,
    devices: int | str = "auto",
    accelerator: str = "auto",
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

    Returns:
        The checkpoint: the folder itself.

    Raises:
        DatasetError: If the data cannot be learned from; SplitError, if a fold is the reason.
        ConfigError: If the folder holds a run of another recipe or of other data.
    """
    split = with_validation(split, recipe)
    train = Fold(interviews, split.folds[TRAIN], name=TRAIN)
    validation = Fold(interviews, split.folds[VALIDATION], name=VALIDATION)
    class_weights(train.labels, classes=len(interviews.labels))
    shape = _shape(interviews, train, recipe)
    learning = Learning(
        recipe=recipe,
        train=train,
        validation=validation,
        shape=shape,
        out=out,
        devices=devices,
        accelerator=accelerator,
    )
    _keep_run(out / RUN, learning, interviews)
    if (out / DESCRIPTION).is_file():
        return read_checkpoint(out)
    with quiet():
        network = _trained(learning)
    if is_first():
        calibrations = {interviews.name: _calibrated(network, interviews, learning)}
        described_so = {**described(interviews, learning), "calibrations": calibrations}
        save_network(network, out, described_so)
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


def described(interviews: InterviewSet, learning: Learning) -> dict[str, Any]:
    """Return what the checkpoint says of itself."""
    recipe, train, labels = learning.recipe, learning.train, interviews.labels
    subjects = len({entry.subject for entry in train.entries})
    return {
        "name": recipe.name,
        "labels": labels,
        "taught": interviews.taught,
        "trained_on": f"{interviews.name}: {len(train)} interviews of {subjects} people",
        "fed": {
            name: fed for name, fed in interviews.fed.items() if name in learning.shape.branches
        },
        "word_delay_s": interviews.word_delay_s,
        "prior": taken_prior(recipe, train.labels, classes=len(labels)),
    }


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


def _trained(learning: Learning) -> InterviewNetwork:
    shape, recipe = learning.shape, learning.recipe
    singles: dict[Modality, InterviewNetwork] = {}
    for number, name in enumerate(shape.branches):
        torch.manual_seed(recipe.seed * 10 + number)
        own = recipe.branches.of(name)
        assert own is not None  # noqa: S101 (the shape has only what the recipe states)
        singles[name] = _after_stage(
            learning,
            InterviewNetwork(alone(shape, name)),
            name=name,
            number=number,
            epochs=own.epochs,
            rates={name: own.rate, None: own.rate},
        )
    if len(singles) == 1:
        return next(iter(singles.values()))
    rates: dict[Modality | None, float] = {None: recipe.joint.rate}
    for name in shape.branches:
        own = recipe.branches.of(name)
        assert own is not None  # noqa: S101 (as above)
        rates[name] = own.rate * recipe.joint.branches
    return _after_stage(
        learning,
        joined(shape, singles),
        name=JOINT,
        number=len(singles),
        epochs=recipe.joint.epochs,
        rates=rates,
    )


def _after_stage(
    learning: Learning,
    network: InterviewNetwork,
    *,
    name: str,
    number: int,
    epochs: int,
    rates: Mapping[Modality | None, float],
) -> InterviewNetwork:
    """Return a network as a stage leaves it, which may have been done before."""
    folder = learning.out / STAGES / name
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / WEIGHTS
    if epochs and not done.is_file():
        stage = Stage(
            network,
            learning.recipe,
            train=learning.train,
            validation=learning.validation,
            number=number,
            rates=rates,
        )
        run_stage(
            stage,
            folder,
            epochs=epochs,
            devices=learning.devices,
            accelerator=learning.accelerator,
            watchers=[Metrics(folder / METRICS), Progress(name)],
        )
        if is_first():
            _write_weights(network, done)
        wait_for_all()
    if done.is_file():
        network.load_state_dict(load_file(done))
    network.cpu()
    return network


def _write_weights(network: InterviewNetwork, path: Path) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(save({key: own.cpu() for key, own in network.state_dict().items()}))
    part.replace(path)


def _shape(interviews: InterviewSet, train: Fold, recipe: Recipe) -> NetworkShape:
    try:
        return recipe.shape(train.features, classes=len(interviews.labels), grid_hz=train.grid_hz)
    except ValueError as error:
        has = ", ".join(train.features) or "nothing"
        reason = " ".join(str(error).split())
        msg = f"recipe {recipe.name} does not fit {interviews.name}, which has {has}: {reason}"
        raise DatasetError(msg) from error


def _keep_run(path: Path, learning: Learning, interviews: InterviewSet) -> None:
    """Write what is trained on what, or refuse a folder that says otherwise."""
    run = {
        "recipe": learning.recipe.model_dump(mode="json"),
        "data": {
            "name": interviews.name,
            "labels": list(interviews.labels),
            "folds": {
                fold.name: {"sha256": fold.digest(), "interviews": _names(fold.entries)}
                for fold in (learning.train, learning.validation)
            },
        },
    }
    text = json.dumps(run, indent=2) + "\n"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
        return
    found = json.loads(path.read_text(encoding="utf-8"))
    differing = [key for key in run if found.get(key) != run[key]]
    if differing:
        what = "another recipe" if differing[0] == "recipe" else "other data"
        msg = f"{path}: a run of {what} lies here; give another folder, or the same of both"
        raise ConfigError(msg)


def _names(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.name for entry in entries]


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
