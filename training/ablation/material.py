"""What the trainings of a table learn from and are tested on: the same interviews in all."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from math import inf
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from engines.errors import ConfigError
from engines.sequence.shape import MODALITIES, Modality
from training.ablation.config import GoldConfig, Labels
from training.ablation.remembered import RememberedInterviews
from training.ablation.row import Training
from training.errors import SplitError
from training.interview import Entry, Interview, InterviewSet
from training.learning.features import widths
from training.learning.taught_pool import TaughtPool
from training.prediction import Predictions
from training.split import Split
from training.synthetic.interviews import SyntheticInterviews
from training.synthetic.oracle import oracle
from training.synthetic.plant import Ceiling, ceiling
from training.weak_to_strong.noisy_teacher import NoisyTeacher

TRAIN: Final = "train"
TEST: Final = "test"
FEW: Final = 8
"""So many interviews say how long the others are."""
TRAIT: Final = "gender"
"""What the made-up teacher takes for the class; it has nothing to do with it."""


class Material:
    """Interviews, folds, and who labels what.

    Args:
        interviews: All.
        split: With a fold ``test``.
        gold: Of made-up interviews, who knows which label.
        pool: Of recorded ones, what a teacher said; None if nobody was asked.

    Attributes:
        interviews: All, each read once.
        split: As given.

    Raises:
        SplitError: If there is no fold to test on.
    """

    def __init__(
        self,
        interviews: InterviewSet,
        split: Split,
        gold: GoldConfig,
        pool: TaughtPool | None = None,
    ) -> None:
        if TEST not in split.folds:
            msg = f"expected a fold {TEST}, which a table is of; got {', '.join(split.folds)}"
            raise SplitError(msg)
        self.interviews = RememberedInterviews(interviews)
        self.split = split
        self._made_up = interviews if isinstance(interviews, SyntheticInterviews) else None
        self._gold = gold
        self._pool = pool
        if self._made_up is not None and pool is not None:
            msg = "--pseudo is for interviews that were recorded; made-up ones bring their teacher"
            raise ConfigError(msg)

    @property
    def tested(self) -> tuple[Entry, ...]:
        """Whom the table is of."""
        return self.split.folds[TEST]

    @property
    def labels(self) -> tuple[Labels, ...]:
        """What can be learned from."""
        if self._made_up is not None:
            return "all", "gold", "pseudo"
        return ("all",) if self._pool is None else ("all", "pseudo")

    @property
    def teacher(self) -> str | None:
        """Who labelled the pool of recorded interviews."""
        return None if self._pool is None else self._pool.teacher

    @property
    def transductive(self) -> bool:
        """Whether interviews of the test are in that pool."""
        return self._pool is not None and self._pool.transductive

    @property
    def gold_labels(self) -> Labels:
        """What is learned from where a teacher's labels are left out."""
        return "all" if self._made_up is None else "gold"

    @property
    def has(self) -> tuple[Modality, ...]:
        """The modalities that interviews have, in the order of ``MODALITIES``."""
        return tuple(name for name in MODALITIES if name in self.features)

    @cached_property
    def features(self) -> dict[Modality, int]:
        """Numbers of one tick, by modality."""
        found: dict[Modality, int] = {}
        for own in self.few:
            found |= widths(own)
        return found

    @cached_property
    def few(self) -> tuple[Interview, ...]:
        """The first interviews that are learned from; more where these lack what others have."""
        places = {entry.name: place for place, entry in enumerate(self.interviews.entries)}
        read: list[Interview] = []
        missing = set(self.interviews.fed)
        for entry in self.split.folds[TRAIN]:
            if len(read) >= FEW and not missing:
                break
            read.append(self.interviews[places[entry.name]])
            missing -= set(widths(read[-1]))
        return tuple(read)

    @property
    def ticks(self) -> int:
        """Of an interview, as the first ones have them."""
        return round(sum(len(own) for own in self.few) / len(self.few))

    def split_of(self, training: Training) -> Split:
        """Return the folds of a training: of made-up interviews, ``train`` may be gold alone."""
        if self._made_up is None or training.way.labels == "all":
            return self.split
        entries = self.split.folds[TRAIN]
        gold = self._is_gold(training.seed)
        kept = tuple(entry for entry, own in zip(entries, gold, strict=True) if own)
        return Split(folds={**self.split.folds, TRAIN: kept}, one_class=self.split.one_class)

    def pool_of(self, training: Training) -> TaughtPool | None:
        """Return what a teacher said of interviews without a label; None if it is not asked."""
        if training.way.labels != "pseudo" or self._made_up is None:
            return self._pool if training.way.labels == "pseudo" else None
        entries, gold = self.split.folds[TRAIN], self._is_gold(training.seed)
        teacher = NoisyTeacher(right=self._gold.right)
        said = teacher.label(
            np.array([entry.label for entry in entries]),
            np.array([int(entry.slices[TRAIT] == "f") for entry in entries]),
            np.random.default_rng([training.seed, 1]),
        )
        return TaughtPool(
            teacher=f"made up, right in {self._gold.right:.0%}",
            # a label is nobody's to look at
            entries=tuple(
                replace(entry, label=0) for entry, own in zip(entries, gold, strict=True) if not own
            ),
            said=said.of(np.flatnonzero(~gold)),
            of_gold=said.of(np.flatnonzero(gold)),
        )

    def pace(self, training: Training) -> int:
        """Return beside how many interviews of a pool a training would be, which has none itself.

        What a teacher's labels are compared with is trained for as many steps.
        """
        if training.way.labels == "pseudo":
            return 0
        if self._made_up is None:
            return 0 if self._pool is None else len(self._pool.entries)
        return len(self.split.folds[TRAIN]) - len(self.split_of(training).folds[TRAIN])

    def learned(self, training: Training) -> tuple[int, int]:
        """Return how many interviews have a label, and how many only a teacher's."""
        pool = self.pool_of(training)
        count = len(self.split_of(training).folds[TRAIN])
        return count, 0 if pool is None else len(pool.entries)

    def planted(self, given: Sequence[Modality]) -> Ceiling | None:
        """Return what could be read from some modalities; None of recorded interviews."""
        if self._made_up is None:
            return None
        return ceiling({name: self._made_up.config.plant(name) for name in given})

    def known(self, given: Sequence[Modality]) -> Predictions | None:
        """Return what one says of the test fold who sees every sign of some modalities."""
        if self._made_up is None:
            return None
        scripts = {script.entry.name: script for script in self._made_up.scripts}
        own = [scripts[entry.name] for entry in self.tested]
        odds = oracle(own, self._made_up.config, given)
        return self.said(np.stack([np.zeros_like(odds), odds], axis=1))

    def said(self, logits: Float64[ndarray, "N C"]) -> Predictions:
        """Return what somebody says of the test fold."""
        return Predictions(
            labels=self.interviews.labels,
            entries=self.tested,
            after_s=(inf,),
            logits=logits[:, None].astype(np.float32),
        )

    def _is_gold(self, seed: int) -> Bool[ndarray, " N"]:
        count = len(self.split.folds[TRAIN])
        order = np.random.default_rng([seed, 0]).permutation(count)
        gold = np.zeros(count, np.bool_)
        gold[order[: round(self._gold.share * count)]] = True
        return gold
