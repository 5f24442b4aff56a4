"""Which trials there are on GoEmotions, and by what settings.

The settings were chosen by the score on left-out gold of these very draws of gold, by nothing else:
see ``training/README.md`` for what was tried.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from training.pseudo_label.batches import Mixture
from training.pseudo_label.settings import Settings
from training.pseudo_label.stepped_learner import StepRecipe

Way = Literal["gold", "naive", "student", "transductive"]
"""Gold alone; the teacher's labels taken for gold; rounds; the same with the test's own texts,
unlabelled, in the pool."""

WAYS: Final[tuple[Way, ...]] = ("gold", "naive", "student", "transductive")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTrial:
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
class TextPlan:
    """How much is done.

    Attributes:
        shares: Of gold.
        seeds: Draws of gold of each share.
        folds: Of gold.
        settings: Of the rounds.
        recipe: Of every student.
    """

    shares: tuple[float, ...] = (0.01, 0.05)
    seeds: int = 5
    folds: int = 3
    settings: Settings = field(
        default_factory=lambda: Settings(grades=4, weighing="softmatch", rounds=2, metric="auc")
    )
    recipe: StepRecipe = field(
        default_factory=lambda: StepRecipe(steps=1200, gold_steps=100, trust=10.0, rate=1e-3)
    )

    def trials(self) -> tuple[TextTrial, ...]:
        """Return all trials, seed by seed; what is reported apart comes last."""
        every = [
            TextTrial(way=way, share=share, seed=seed)
            for seed in range(self.seeds)
            for share in self.shares
            for way in WAYS
        ]
        return tuple(sorted(every, key=lambda trial: trial.way == "transductive"))

    def stated(self, trial: TextTrial) -> str:
        """Return all that decides what comes of a trial, as JSON."""
        own = [asdict(trial), self.folds, asdict(self.settings), asdict(self.recipe)]
        return json.dumps(own, sort_keys=True)


QUICK: Final = TextPlan(
    shares=(0.05,),
    seeds=2,
    folds=2,
    settings=Settings(rounds=1),
    recipe=StepRecipe(mixture=Mixture(size=32), steps=20, gold_steps=10, trust=10.0, rate=1e-3),
)
"""A look at the machinery; its figures mean nothing."""
