"""One trial on made-up interviews: gold and a teacher drawn, a student taught in one way."""

from training.pseudo_label.task import Teaching
from training.weak_to_strong.interview_examples import InterviewExamples
from training.weak_to_strong.interview_material import InterviewMaterial
from training.weak_to_strong.interview_plan import NOT_ASKING, InterviewTrial
from training.weak_to_strong.outcome import Outcome
from training.weak_to_strong.ways import Ways


def do_trial(trial: InterviewTrial, material: InterviewMaterial) -> Outcome:
    """Do a trial."""
    plan = material.plan
    gold, pool = material.gold_and_pool(trial)
    ways = Ways(
        InterviewExamples(
            material.drawn,
            width=plan.width,
            layers=plan.layers,
            dropout=plan.dropout,
            noise=plan.noise,
        ),
        plan.recipe_of(trial.way),
        plan.settings,
        test=material.test,
        seed=trial.seed,
        classes=len(material.interviews.labels),
        doubt=plan.doubt,
    )
    if trial.way in NOT_ASKING:
        return ways.gold(gold)
    opinions = material.opinions(trial)
    if trial.way == "naive":
        return ways.naive(gold, pool, opinions.of(pool))
    return ways.student(gold, pool, Teaching(gold=opinions.of(gold.rows), pool=opinions.of(pool)))
