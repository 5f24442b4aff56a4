"""All trials of one plan, and what they say together."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from training.evaluation.metrics import MetricName
from training.pseudo_label.vote import Read
from training.weak_to_strong.comparison import TOLD, Comparison, Exam, compare
from training.weak_to_strong.material import Material
from training.weak_to_strong.outcome import Outcome, kept
from training.weak_to_strong.plan import Plan, Trial
from training.weak_to_strong.trial import do_trial


class Experiment:
    """The trials that are done so far.

    Args:
        plan: Which there are.
        material: What they learn from.
        out: The folder of trials and table.
    """

    def __init__(self, plan: Plan, material: Material, out: Path) -> None:
        self._plan = plan
        self._material = material
        self._out = out
        self._outcomes: dict[Trial, Outcome] = {}

    @property
    def outcomes(self) -> Mapping[Trial, Outcome]:
        """What is done."""
        return self._outcomes

    def do(self, trial: Trial) -> None:
        """Do a trial, or read what came of it."""
        outcome = kept(
            self._out / "trials" / f"{trial.name}.npz",
            self._plan.stated(trial),
            lambda: do_trial(trial, self._plan, self._material),
        )
        self._outcomes[trial] = outcome
        scores = " ".join(f"{score:.4f}" for score in outcome.scores)
        sys.stdout.write(
            f"{trial.name}  rounds on left-out gold: {scores or '-'}  CPU {outcome.cpu_s:.0f} s  "
            f"{time.strftime('%H:%M:%S')}\n"
        )
        sys.stdout.flush()

    def comparison(self, share: float, metrics: Sequence[MetricName] = TOLD) -> Comparison:
        """Return what all ways come to with a share of gold."""
        rows, seeds = self._material.test, range(self._plan.seeds)
        said: dict[str, list[Read]] = {
            way: [
                self._outcomes[Trial(way=way, share=share, seed=seed)].probabilities
                for seed in seeds
            ]
            for way in self._plan.ways
        }
        drawn = [self._material.draw(share, seed, self._plan.folds) for seed in seeds]
        said["teacher"] = [self._material.teacher(gold) for gold, _ in drawn]
        test = Exam(
            labels=self._material.labels[rows],
            subjects=[str(row) for row in rows],
            classes=self._material.classes,
        )
        return compare(test, said, metrics)
