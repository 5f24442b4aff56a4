"""Which trials there are on one kind of data, and by what settings."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

from training.pseudo_label.settings import Settings
from training.pseudo_label.stepped_learner import StepRecipe

Way = Literal["gold", "naive", "student", "transductive"]
"""Gold alone; the teacher's labels taken for gold; rounds; the same with the test's own examples,
unlabelled, in the pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One way of learning from one draw of gold.

    Attributes:
        way: Of learning.
        share: Of gold, among what there is to learn from.
        seed: Of the draw, of first weights and orders; ways of one seed have the same gold.
    """

    way: Way
    share: float
    seed: int

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.way}-{100 * self.share:g}-{self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is done.

    Attributes:
        ways: Of learning.
        shares: Of gold.
        seeds: Draws of gold of each share.
        folds: Of gold.
        settings: Of the rounds.
        recipe: Of every student.
    """

    ways: tuple[Way, ...]
    shares: tuple[float, ...]
    seeds: int
    folds: int
    settings: Settings
    recipe: StepRecipe

    def trials(self) -> tuple[Trial, ...]:
        """Return all trials, seed by seed; what is reported apart comes last."""
        every = [
            Trial(way=way, share=share, seed=seed)
            for seed in range(self.seeds)
            for share in self.shares
            for way in self.ways
        ]
        return tuple(sorted(every, key=lambda trial: trial.way == "transductive"))

    def stated(self, trial: Trial) -> str:
        """Return all that decides what comes of a trial, as JSON."""
        own = [asdict(trial), self.folds, asdict(self.settings), asdict(self.recipe)]
        return json.dumps(own, sort_keys=True)
