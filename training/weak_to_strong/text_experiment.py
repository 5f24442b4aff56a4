"""All trials on texts, and what they say together."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from training.weak_to_strong.comparison import Comparison, Exam, compare, gold_threshold
from training.weak_to_strong.lexicon_opinions import LABELS
from training.weak_to_strong.outcome import Outcome, kept
from training.weak_to_strong.text_material import TextMaterial
from training.weak_to_strong.text_plan import WAYS, TextPlan, TextTrial
from training.weak_to_strong.text_trial import do_trial


class TextExperiment:
    """The trials that are done so far.

    Args:
        plan: Which there are.
        material: What they learn from.
        out: The folder of trials and table.
    """

    def __init__(self, plan: TextPlan, material: TextMaterial, out: Path) -> None:
        self._plan = plan
        self._material = material
        self._out = out
        self._outcomes: dict[TextTrial, Outcome] = {}

    @property
    def outcomes(self) -> Mapping[TextTrial, Outcome]:
        """What is done."""
        return self._outcomes

    def do(self, trial: TextTrial) -> None:
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

    def comparison(self, share: float) -> Comparison:
        """Return what all ways come to with a share of gold."""
        rows = self._material.test
        said: dict[str, list[Float64[ndarray, "N 2"]]] = {
            way: [
                self._outcomes[TextTrial(way=way, share=share, seed=seed)].probabilities
                for seed in range(self._plan.seeds)
            ]
            for way in WAYS
        }
        said["teacher"] = [self._teacher(share, seed) for seed in range(self._plan.seeds)]
        return compare(
            Exam(
                labels=self._material.labels[rows],
                subjects=[str(row) for row in rows],
                classes=LABELS,
            ),
            said,
        )

    def _teacher(self, share: float, seed: int) -> Float64[ndarray, "N 2"]:
        """Return what the lexicon says of the test, with the threshold that gold prefers."""
        gold, _ = self._material.draw(share, seed, self._plan.folds)
        odds = self._material.odds()
        over = odds[self._material.test] - gold_threshold(odds[gold.rows], gold.labels)
        positive = 1 / (1 + np.exp(-over))
        return np.stack([1 - positive, positive], axis=1)
