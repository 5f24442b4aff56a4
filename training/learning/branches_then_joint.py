"""The stages of one network: each branch alone, then all together, each stage in its own folder.

    FOLDER/stages/NAME/   checkpoints, metrics.csv and, when it is done, weights.safetensors

What is done is not done again; what was interrupted goes on from its last whole epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file, save

from engines.networks.interview_network import InterviewNetwork
from engines.sequence.checkpoint import WEIGHTS
from engines.sequence.shape import Modality, NetworkShape
from training.learning.dataset import Fold
from training.learning.devices import is_first, wait_for_all
from training.learning.joint import alone, joined
from training.learning.mixed_batches import TaughtFold
from training.learning.recipe import Recipe
from training.learning.stage import Stage, run_stage
from training.learning.watch import METRICS, Metrics, Progress

STAGES: Final = "stages"
JOINT: Final = "joint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """What all stages of a network share.

    Attributes:
        recipe: How.
        train: To learn from.
        validation: To choose and to calibrate by.
        shape: Of the joint network.
        folder: Of the stages.
        devices: How many, or ``auto``.
        accelerator: As Lightning has it.
        taught: What a teacher said something of, to learn from besides.
        pool: Of how many interviews a teacher said something, learned from or not.
        told: What stands before a stage's name where its progress is told.
    """

    recipe: Recipe
    train: Fold
    validation: Fold
    shape: NetworkShape
    folder: Path
    devices: int | str
    accelerator: str
    taught: TaughtFold | None = None
    pool: int = 0
    told: str = ""


def branches_then_joint(learning: Learning) -> InterviewNetwork:
    """Return a network that learned, on the CPU."""
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
    folder = learning.folder / STAGES / name
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
            taught=learning.taught,
            pool=learning.pool,
        )
        run_stage(
            stage,
            folder,
            epochs=epochs,
            devices=learning.devices,
            accelerator=learning.accelerator,
            watchers=[Metrics(folder / METRICS), Progress(f"{learning.told}{name}")],
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
