"""One trial: gold drawn, a student taught in one way, and what it says of the test."""

import numpy as np

from training.pseudo_label.task import Teaching
from training.weak_to_strong.material import Material
from training.weak_to_strong.outcome import Outcome
from training.weak_to_strong.plan import Plan, Trial
from training.weak_to_strong.ways import Ways


def do_trial(trial: Trial, plan: Plan, material: Material) -> Outcome:
    """Do a trial."""
    gold, pool = material.draw(trial.share, trial.seed, plan.folds)
    ways = Ways(
        material.examples,
        plan.recipe,
        plan.settings,
        test=material.test,
        seed=trial.seed,
        classes=len(material.classes),
    )
    opinions = material.opinions
    match trial.way:
        case "gold":
            return ways.gold(gold)
        case "naive":
            return ways.naive(gold, pool, opinions.of(pool))
        case "student" | "transductive":
            if trial.way == "transductive":
                pool = np.concatenate([pool, material.test])
            return ways.student(
                gold, pool, Teaching(gold=opinions.of(gold.rows), pool=opinions.of(pool))
            )
