"""The interviews of one condition, and who of them is learned from."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from math import inf

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from engines.sequence.shape import Modality
from training.interview import Entry
from training.learning.dataset import Fold
from training.planted.plan import SHARES, Condition, Plan
from training.prediction import Predictions
from training.split import divide
from training.synthetic.interviews import SyntheticInterviews
from training.synthetic.oracle import oracle

PERMUTED: int = 17
"""The seed by which labels are exchanged."""


class Material:
    """What a condition's trials share; nothing is drawn before it is asked for.

    Args:
        plan: How many interviews.
        condition: What there is to find in them.

    Attributes:
        interviews: All.
        split: Disjoint by subject.
    """

    def __init__(self, plan: Plan, condition: Condition) -> None:
        self.condition = condition
        self.interviews = SyntheticInterviews(plan.config(condition))
        self.split = divide(self.interviews.entries, SHARES, seed=0)

    @cached_property
    def train(self) -> Fold:
        """The interviews that are learned from."""
        return Fold(self.interviews, self._taught("train"), name="train")

    @cached_property
    def validation(self) -> Fold:
        """Nothing is chosen by them: they only show how a training went."""
        return Fold(self.interviews, self._taught("validation"), name="validation")

    @cached_property
    def test(self) -> Fold:
        """The interviews that are counted, by their true labels."""
        return Fold(self.interviews, self.tested, name="test")

    @property
    def tested(self) -> tuple[Entry, ...]:
        """Who the test is of."""
        return self.split.folds["test"]

    def known(self, given: Sequence[Modality]) -> Predictions:
        """Return what the oracle says of the test fold, who sees every sign."""
        scripts = {script.entry.name: script for script in self.interviews.scripts}
        own = [scripts[entry.name] for entry in self.tested]
        return self.said(oracle(own, self.interviews.config, given))

    def said(self, odds: Float64[ndarray, " N"]) -> Predictions:
        """Return what somebody says of the test fold.

        Args:
            odds: By how much each of its interviews speaks for class 1.
        """
        return Predictions(
            labels=self.interviews.labels,
            entries=self.tested,
            after_s=(inf,),
            logits=np.stack([np.zeros_like(odds), odds], axis=1)[:, None].astype(np.float32),
        )

    def _taught(self, fold: str) -> tuple[Entry, ...]:
        entries = self.split.folds[fold]
        if self.condition != "permuted":
            return entries
        labels = np.random.default_rng(PERMUTED).permutation([entry.label for entry in entries])
        return tuple(
            replace(entry, label=int(label))
            for entry, label in zip(entries, labels.tolist(), strict=True)
        )
