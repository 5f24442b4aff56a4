"""Which trials there are on FER-2013, and by what settings.

The settings were chosen by the score on left-out gold of other draws of gold, by nothing else: see
``training/README.md`` for what was tried.
"""

from dataclasses import replace
from typing import Final

from training.pseudo_label.batches import Mixture
from training.pseudo_label.settings import Settings
from training.pseudo_label.stepped_learner import StepRecipe
from training.weak_to_strong.plan import Plan

FACES: Final = Plan(
    ways=("gold", "naive", "student"),
    shares=(0.05,),
    seeds=5,
    folds=2,
    settings=Settings(grades=4, weighing="softmatch", rounds=1, metric="balanced_accuracy"),
    recipe=StepRecipe(mixture=Mixture(size=64), steps=2000, gold_steps=2000, trust=3.0, rate=3e-3),
)

QUICK: Final = replace(
    FACES,
    seeds=2,
    recipe=StepRecipe(mixture=Mixture(size=16), steps=4, gold_steps=2, trust=3.0, rate=3e-3),
)
"""A look at the machinery; its figures mean nothing."""
