"""One trial on texts: gold drawn, a student taught in one way, and what it says of the test."""

import numpy as np

from training.pseudo_label.task import Teaching
from training.weak_to_strong.lexicon_opinions import LABELS
from training.weak_to_strong.outcome import Outcome
from training.weak_to_strong.text_examples import TextExamples
from training.weak_to_strong.text_material import TextMaterial
from training.weak_to_strong.text_plan import TextPlan, TextTrial
from training.weak_to_strong.ways import Ways


def do_trial(trial: TextTrial, plan: TextPlan, material: TextMaterial) -> Outcome:
    """Do a trial."""
    gold, pool = material.draw(trial.share, trial.seed, plan.folds)
    ways = Ways(
        TextExamples(material.embeddings, np.arange(material.learned)),
        plan.recipe,
        plan.settings,
        test=material.test,
        seed=trial.seed,
        classes=len(LABELS),
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
