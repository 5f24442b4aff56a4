"""The whole comparison of a data set: the rates chosen, the seeds tested, the rivals beside."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.skeletons.body_cost import BodyCost, measure
from training.skeletons.clips import Fold
from training.skeletons.comparison import Comparison, compare
from training.skeletons.material import Material
from training.skeletons.plain_regression import regress
from training.skeletons.plan import BODIES, Plan
from training.skeletons.run import Run
from training.skeletons.skeleton_network import Body

Done = Callable[[Run, Mapping[str, Any]], None]
"""Told of every run that is finished, or was before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A fold's rate for a body.

    Attributes:
        body: Which.
        left_out: Whom the fold tests.
        rate: The better one.
        tried: By rate, the mean accuracy on the training subject that was left out.
    """

    body: Body
    left_out: tuple[str, ...]
    rate: float
    tried: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Of one data set.

    Attributes:
        material: The data set.
        choices: Of every fold and body.
        comparison: Of the bodies and the regression.
        costs: By body.
        cpu_s: CPU time of all runs, those that choose a rate included, by body.
    """

    material: Material
    choices: Sequence[Choice]
    comparison: Comparison
    costs: Mapping[Body, BodyCost]
    cpu_s: Mapping[Body, float]

    def figures(self) -> dict[str, Any]:
        """Return what ``results.json`` says of it."""
        clips = self.material.clips
        folds = [
            {
                "train": sorted(fold.train),
                "test": sorted(fold.test),
                "train_clips": len(clips.of(fold.train)),
                "test_clips": len(clips.of(fold.test)),
            }
            for fold in self.material.folds
        ]
        return {
            "title": self.material.dataset.title,
            "sha256": self.material.recordings.sha256,
            "dataset": asdict(self.material.dataset),
            "joints": len(self.material.recordings.joints),
            "classes": len(self.material.recordings.classes),
            "folds": folds,
            "choices": [asdict(choice) for choice in self.choices],
            "comparison": asdict(self.comparison),
            "costs": {body: asdict(cost) for body, cost in self.costs.items()},
            "cpu_s": dict(self.cpu_s),
        }


def run_dataset(plan: Plan, material: Material, folder: Path, done: Done) -> Result:
    """Choose, test and compare.

    Args:
        plan: How much.
        material: On what.
        folder: Where finished runs are kept.
        done: Told of each.
    """
    cpu_s: dict[Body, float] = dict.fromkeys(BODIES, 0.0)

    def do(run: Run) -> Mapping[str, Any]:
        outcome = run.do(material, folder)
        cpu_s[run.recipe.body] += outcome["cpu_s"]
        done(run, outcome)
        return outcome

    choices = [
        _chosen(plan, material, fold, body, do) for fold in material.folds for body in BODIES
    ]
    predicted: dict[str, list[list[int]]] = {
        body: [[] for _ in range(plan.seeds)] for body in BODIES
    }
    for fold in material.folds:
        rates = {
            choice.body: choice.rate
            for choice in choices
            if choice.left_out == tuple(sorted(fold.test))
        }
        for run in plan.tests(material, fold, rates):
            predicted[run.recipe.body][run.recipe.seed].extend(do(run)["predicted"])
    tested = [material.clips.of(fold.test) for fold in material.folds]
    rows = {body: np.array(said, np.int64) for body, said in predicted.items()}
    rows["regression"] = np.concatenate(regress(material))[None]
    return Result(
        material=material,
        choices=choices,
        comparison=compare(
            rows,
            np.concatenate([clips.labels for clips in tested]),
            np.concatenate([clips.recordings for clips in tested]),
        ),
        costs={
            body: measure(
                body,
                joints=len(material.recordings.joints),
                edges=material.recordings.edges,
            )
            for body in BODIES
        },
        cpu_s={body: round(spent, 1) for body, spent in cpu_s.items()},
    )


def _chosen(
    plan: Plan,
    material: Material,
    fold: Fold,
    body: Body,
    do: Callable[[Run], Mapping[str, Any]],
) -> Choice:
    tried: dict[float, float] = {}
    for rate, runs in plan.choices(material, fold, body).items():
        outcomes = [do(run) for run in runs]
        right = sum(outcome["accuracy"] * len(outcome["labels"]) for outcome in outcomes)
        clips = sum(len(outcome["labels"]) for outcome in outcomes)
        tried[rate] = round(right / clips, 4) if clips else 0.0
    return Choice(
        body=body,
        left_out=tuple(sorted(fold.test)),
        rate=max(tried, key=lambda rate: tried[rate]),  # of equals the first
        tried={f"{rate:g}": share for rate, share in tried.items() if len(tried) > 1},
    )
