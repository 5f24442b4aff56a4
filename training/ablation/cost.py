"""What a table will cost: a step of each network, timed on made-up numbers and multiplied out.

An upper end: a stage that stops early costs less, and so do rounds that gain nothing.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch

from engines.networks.interview_network import History, InterviewNetwork
from engines.sequence.normalize import FEATURES
from engines.sequence.shape import NetworkShape
from engines.spec.skeleton import POINTS
from training.ablation.material import Material
from training.ablation.plan import Plan
from training.ablation.row import Training
from training.learning.recipe import Recipe

BATCH: Final = 16
TICKS: Final = 100
"""What is timed at most; longer ones cost as much more as they are longer."""
WITHOUT_GRADIENT: Final = 0.4
"""Of a step's cost, that of reading the validation fold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one training, without what it is built on.

    Attributes:
        parameters: Of the network.
        seen: Interviews that it learns from, epochs and students together.
        cpu_s: Estimated.
    """

    parameters: int
    seen: int
    cpu_s: float


def costs_of(plan: Plan, material: Material) -> dict[Training, Cost]:
    """Return what each training will cost."""
    timed: dict[NetworkShape, tuple[int, float]] = {}
    costs = {}
    for training in plan.trainings:
        recipe = plan.recipe(training)
        shape = recipe.shape(
            {name: material.features[name] for name in training.given},
            classes=len(material.interviews.labels),
            grid_hz=material.few[0].grid_hz,
        )
        if shape not in timed:
            timed[shape] = _parameters(shape), interview_s(shape, material.ticks, recipe.batch)
        parameters, each_s = timed[shape]
        seen, looked_at = _seen(training, recipe, material)
        costs[training] = Cost(
            parameters=parameters,
            seen=seen,
            cpu_s=each_s * (seen + WITHOUT_GRADIENT * looked_at),
        )
    return costs


def interview_s(shape: NetworkShape, ticks: int, batch: int) -> float:
    """Return the CPU time of learning from one interview once, seconds."""
    network = InterviewNetwork(shape)
    count, length = min(batch, BATCH), min(ticks, TICKS)
    extents: Mapping[str, tuple[int, ...]] = {
        name: (POINTS, FEATURES) if name == "keypoints" else (part.features,)
        for name, part in shape.branches.items()
    }
    histories = {
        name: History(
            features=torch.zeros((count, length, *extents[name])),
            valid=torch.ones((count, length), dtype=torch.bool),
        )
        for name in shape.branches
    }
    spent_s = []
    for _ in range(2):  # the first one also takes what is taken once
        begun_s = time.process_time()
        network(histories).square().sum().backward()
        spent_s.append(time.process_time() - begun_s)
    return min(spent_s) / count * ticks / length


def _parameters(shape: NetworkShape) -> int:
    return sum(weight.numel() for weight in InterviewNetwork(shape).parameters())


def _seen(training: Training, recipe: Recipe, material: Material) -> tuple[int, int]:
    """Return how many interviews are learned from and looked at, over epochs and students."""
    gold, pool = material.learned(training)
    kept = material.split.folds.get("validation")
    looked_at = len(kept) if kept is not None else math.ceil(recipe.validation * gold)
    own = [recipe.branches.of(name) for name in training.given]
    epochs = recipe.joint.epochs if len(own) > 1 else sum(part.epochs for part in own if part)
    if not pool:
        return epochs * max(gold, material.pace(training)), epochs * looked_at
    folds, rounds = recipe.pseudo.folds, recipe.pseudo.rounds
    students = (rounds + 1) * (folds + 1)
    # half of a batch is gold: an epoch goes through the longer of the two and as much of the other;
    # round 0 leaves the pool out
    seen = (folds + 1) * (1 + 2 * rounds) * max(gold, pool)
    return epochs * seen, epochs * looked_at * students
