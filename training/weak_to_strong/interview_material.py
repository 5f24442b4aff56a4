"""Made-up interviews to learn from and to test on, of different people, and who labels them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int64
from numpy import ndarray

from training.evaluation.metrics import balanced_accuracy
from training.pseudo_label.lesson import Rows
from training.pseudo_label.opinions import Opinions
from training.pseudo_label.task import Gold
from training.synthetic.interviews import SyntheticInterviews
from training.synthetic.oracle import oracle
from training.weak_to_strong.drawn_interviews import Drawn, draw, keep, kept
from training.weak_to_strong.interview_plan import InterviewPlan, InterviewTrial

DRAWN = "interviews.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewMaterial:
    """All interviews.

    Attributes:
        plan: That they are of.
        interviews: What was drawn from.
        drawn: As branches are fed of them.
        labels: The classes.
        traits: What a teacher takes for the class.
        people: Whom each is of, by number.
        for_test: Which are tested on; nobody is on both sides.
    """

    plan: InterviewPlan
    interviews: SyntheticInterviews
    drawn: Drawn
    labels: Int64[ndarray, " N"]
    traits: Int64[ndarray, " N"]
    people: Int64[ndarray, " N"]
    for_test: Bool[ndarray, " N"]

    @property
    def test(self) -> Rows:
        """Those of the test."""
        return np.flatnonzero(self.for_test)

    def gold_and_pool(self, trial: InterviewTrial) -> tuple[Gold, Rows]:
        """Return gold, its folds disjoint by people, and the others to learn from."""
        random = np.random.default_rng([trial.seed, 0])
        order = random.permutation(np.flatnonzero(~self.for_test))
        count = round(trial.share * len(order))
        rows, pool = np.sort(order[:count]), np.sort(order[count:])
        fold_of = random.permutation(self.plan.people) % self.plan.folds
        return (
            Gold(rows=rows, labels=self.labels[rows], folds=fold_of[self.people[rows]]),
            pool,
        )

    def opinions(self, trial: InterviewTrial) -> Opinions:
        """Return what the teacher says of all interviews."""
        teacher = self.plan.teacher(trial.right)
        return teacher.label(self.labels, self.traits, np.random.default_rng([trial.seed, 1]))

    def oracle(self) -> float:
        """Return the balanced accuracy on the test of one who sees every sign."""
        scripts = [self.interviews.scripts[row] for row in self.test]
        odds = oracle(scripts, self.interviews.config, self.plan.given)
        said = np.stack([-odds, odds], axis=1)
        return float(
            balanced_accuracy(said, self.labels[self.test], np.ones((1, len(self.test))))[0]
        )


def make_material(plan: InterviewPlan, folder: Path) -> InterviewMaterial:
    """Draw the interviews, or read what was drawn before.

    Args:
        plan: How many, and what is in them.
        folder: Where they are kept.
    """
    interviews = SyntheticInterviews(plan.config())
    entries = interviews.entries
    people = np.array([int(entry.subject[1:]) for entry in entries])
    traits = np.random.default_rng([plan.generator, 4]).integers(2, size=len(entries))
    path, stated = folder / DRAWN, plan.stated_interviews()
    drawn = kept(path, stated, plan.given, interviews.config.grid_hz)
    if drawn is None:
        drawn = draw(interviews, traits, plan.given)
        keep(drawn, path, stated)
    first_tested = round(plan.people * plan.learned / (plan.learned + plan.tested))
    return InterviewMaterial(
        plan=plan,
        interviews=interviews,
        drawn=drawn,
        labels=np.array([entry.label for entry in entries], np.int64),
        traits=traits,
        people=people,
        for_test=people >= first_tested,
    )
