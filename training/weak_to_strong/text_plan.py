"""Which trials there are on GoEmotions, and by what settings.

The settings were chosen by the score on left-out gold of these very draws of gold, by nothing else:
see ``training/README.md`` for what was tried.
"""

from dataclasses import replace
from typing import Final

from training.pseudo_label.batches import Mixture
from training.pseudo_label.settings import Settings
from training.pseudo_label.stepped_learner import StepRecipe
from training.weak_to_strong.plan import Plan

TEXTS: Final = Plan(
    ways=("gold", "naive", "student", "transductive"),
    shares=(0.01, 0.05),
    seeds=5,
    folds=3,
    settings=Settings(grades=4, weighing="softmatch", rounds=2, metric="auc"),
    recipe=StepRecipe(steps=1200, gold_steps=100, trust=10.0, rate=1e-3),
)

QUICK: Final = replace(
    TEXTS,
    shares=(0.05,),
    seeds=2,
    folds=2,
    settings=Settings(rounds=1),
    recipe=StepRecipe(mixture=Mixture(size=32), steps=20, gold_steps=10, trust=10.0, rate=1e-3),
)
"""A look at the machinery; its figures mean nothing."""
