"""All trials on made-up interviews, and what they say together."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from training.pseudo_label.vote import Read
from training.weak_to_strong.comparison import Comparison, Exam, compare
from training.weak_to_strong.interview_material import InterviewMaterial
from training.weak_to_strong.interview_plan import (
    MAIN,
    NOT_ASKING,
    WAYS,
    InterviewTrial,
    Way,
)
from training.weak_to_strong.interview_trial import do_trial
from training.weak_to_strong.outcome import Outcome, kept


class InterviewExperiment:
    """The trials that are done so far.

    Args:
        material: What they learn from, and of which plan.
        out: The folder of trials and table.
    """

    def __init__(self, material: InterviewMaterial, out: Path) -> None:
        self._material = material
        self._plan = material.plan
        self._out = out
        self._outcomes: dict[InterviewTrial, Outcome] = {}

    @property
    def outcomes(self) -> Mapping[InterviewTrial, Outcome]:
        """What is done."""
        return self._outcomes

    def do(self, trial: InterviewTrial) -> None:
        """Do a trial, or read what came of it."""
        outcome = kept(
            self._out / "trials" / f"{trial.name}.npz",
            self._plan.stated(trial),
            lambda: do_trial(trial, self._material),
        )
        self._outcomes[trial] = outcome
        scores = " ".join(f"{score:.4f}" for score in outcome.scores)
        sys.stdout.write(
            f"{trial.name}  rounds on left-out gold: {scores or '-'}  CPU {outcome.cpu_s:.0f} s  "
            f"{time.strftime('%H:%M:%S')}\n"
        )
        sys.stdout.flush()

    def comparisons(self) -> dict[tuple[float, float], Comparison]:
        """Return what all ways come to, by the teacher's accuracy and the share of gold."""
        material = self._material
        exam = Exam(
            labels=material.labels[material.test],
            subjects=[f"s{person:03d}" for person in material.people[material.test]],
            classes=material.interviews.labels,
        )
        found = {}
        for (right, share), seeds in self._plan.points.items():
            own = [_trial("student", right, share, seed) for seed in range(seeds)]
            said: dict[str, list[Read]] = {
                way: [
                    self._outcomes[_trial(way, right, share, seed)].probabilities
                    for seed in range(seeds)
                ]
                for way in WAYS
            }
            said["teacher"] = [material.opinions(trial).soft[material.test] for trial in own]
            found[right, share] = compare(exam, said, ("balanced_accuracy",))
        return found


def _trial(way: Way, right: float, share: float, seed: int) -> InterviewTrial:
    asked = MAIN[0] if way in NOT_ASKING else right
    return InterviewTrial(way=way, right=asked, share=share, seed=seed)
