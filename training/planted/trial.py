"""One training and what its network says of the test fold, kept, so that it is done once.

It is trained by the very stages of ``subface train``; what that does besides, such as the export,
nobody needs here.
"""

import csv
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from math import inf
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float64
from numpy import ndarray
from safetensors.torch import load_file, save_file
from torch.utils.flop_counter import FlopCounterMode

from engines.errors import ConfigError
from engines.networks.interview_network import InterviewNetwork
from engines.sequence.normalize import FEATURES
from engines.sequence.shape import Modality, NetworkShape
from engines.spec.skeleton import POINTS
from training.learning.dataset import Fold, WholeInterviews
from training.learning.joint import alone, joined
from training.learning.recipe import Recipe
from training.learning.run import quiet
from training.learning.stage import Stage, run_stage
from training.learning.watch import METRICS, Metrics, Progress
from training.planted.material import Material
from training.planted.plan import READS, Plan, Reader, Trial

OUTCOME: Final = "outcome.npz"
WEIGHTS: Final = "weights.safetensors"
BATCH: Final = 64
"""Interviews at a time, where nothing is learned."""
BUILT_ON: Final[tuple[Reader, ...]] = ("image", "mlp", "text")
"""What stage 2 begins with, in the order of the modalities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Of one trial.

    Attributes:
        odds: By how much each interview of the test fold speaks for class 1.
        parameters: Of the network.
        cpu_s: CPU time of the training, without what it builds upon.
        validation_loss: After the last epoch; starts are chosen by it.
    """

    odds: Float64[ndarray, " N"]
    parameters: int
    cpu_s: float
    validation_loss: float = inf


def run_trial(trial: Trial, plan: Plan, material: Callable[[], Material], out: Path) -> Outcome:
    """Do a trial, or read what came of it.

    Args:
        trial: Which.
        plan: Of all.
        material: Returns the interviews of its condition.
        out: The folder of all trials.

    Raises:
        ConfigError: If the folder holds the same trial of another plan.
    """
    folder = out / trial.name
    if (folder / OUTCOME).is_file():
        kept = read_outcome(folder / OUTCOME, plan.stated(trial))
        return replace(kept, validation_loss=_validation_loss(folder / METRICS))
    recipe = plan.recipe(trial)
    shutil.rmtree(folder, ignore_errors=True)  # what was begun is begun anew, and timed whole
    folder.mkdir(parents=True)
    given = material()
    network = _network(trial, recipe, given.train, out)
    # drawn and normalised before the clock starts: what is timed is the learning
    for fold in (given.train, given.validation):
        for row in range(len(fold)):
            fold.tracks(row, READS[trial.reader])
    begun_s = time.process_time()
    _learn(network, trial, recipe, given, folder)
    cpu_s = time.process_time() - begun_s
    save_file(network.state_dict(), folder / WEIGHTS)
    outcome = Outcome(
        odds=read_odds(network, given.test),
        parameters=sum(weight.numel() for weight in network.parameters()),
        cpu_s=cpu_s,
    )
    keep_outcome(folder / OUTCOME, outcome, plan.stated(trial))
    return replace(outcome, validation_loss=_validation_loss(folder / METRICS))


def read_odds(network: InterviewNetwork, fold: Fold) -> Float64[ndarray, " N"]:
    """Return by how much each interview of a fold speaks for class 1, at its end."""
    network.eval()
    batches = WholeInterviews(fold, tuple(network.shape.branches), size=BATCH)
    logits = []
    with torch.no_grad():
        for number in range(len(batches)):
            whole = batches[number]
            logits.append(network(whole.histories, at=whole.at)[:, -1].double().numpy())
    found = np.concatenate(logits)
    return np.asarray(found[:, 1] - found[:, 0])


def keep_outcome(path: Path, outcome: Outcome, stated: str) -> None:
    """Write what came of a trial, beside what it was of."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez(part, stated=np.array(stated), **asdict(outcome))
    part.replace(path)


def read_outcome(path: Path, stated: str) -> Outcome:
    """Read what came of a trial.

    Raises:
        ConfigError: If it was another one.
    """
    with np.load(path) as kept:
        found = {name: kept[name] for name in kept.files}
    if str(found["stated"]) != stated:
        msg = f"{path}: a trial of another plan lies here; give another folder"
        raise ConfigError(msg)
    return Outcome(
        odds=found["odds"], parameters=int(found["parameters"]), cpu_s=float(found["cpu_s"])
    )


def body_macs(reader: Reader, plan: Plan) -> int:
    """Return the multiplications and additions of a keypoint body, a tick of a history."""
    shape = NetworkShape(
        width=plan.width,
        body="gcn" if reader == "gcn" else "mlp",
        channels=plan.channels,
        kernel=1,
    )
    body = InterviewNetwork(shape).branches["keypoints"].body
    valid = torch.ones((1, BATCH), dtype=torch.bool)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        body(torch.ones((1, BATCH, POINTS, FEATURES)), valid)
    return int(counter.get_total_flops()) // 2 // BATCH


def _validation_loss(path: Path) -> float:
    with path.open(encoding="utf-8", newline="") as file:
        return float(list(csv.DictReader(file))[-1]["validation_loss"])


def _network(trial: Trial, recipe: Recipe, train: Fold, out: Path) -> InterviewNetwork:
    torch.manual_seed(recipe.seed)
    shape = recipe.shape(train.features, classes=2, grid_hz=train.grid_hz)
    if trial.reader != "joint":
        return InterviewNetwork(shape)
    singles: dict[Modality, InterviewNetwork] = {}
    for reader, name in zip(BUILT_ON, shape.branches, strict=True):
        singles[name] = InterviewNetwork(alone(shape, name))
        before = Trial(condition=trial.condition, reader=reader)
        singles[name].load_state_dict(load_file(out / before.name / WEIGHTS))
    return joined(shape, singles)


def _learn(
    network: InterviewNetwork, trial: Trial, recipe: Recipe, given: Material, folder: Path
) -> None:
    rate = recipe.joint.rate
    branches = rate if trial.reader != "joint" else rate * recipe.joint.branches
    rates: dict[Modality | None, float] = dict.fromkeys(READS[trial.reader], branches)
    stage = Stage(
        network,
        recipe,
        train=given.train,
        validation=given.validation,
        number=0,
        rates={**rates, None: rate},
    )
    with quiet():
        run_stage(
            stage,
            folder,
            epochs=recipe.joint.epochs,
            devices=1,
            accelerator="cpu",
            watchers=[Metrics(folder / METRICS), Progress(trial.name)],
        )
