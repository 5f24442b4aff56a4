"""All trials, and what they say together."""

import sys
import time
from pathlib import Path

from training.evaluation.comparison import Difference, difference
from training.planted.finding import Finding, find, preferred
from training.planted.material import Material
from training.planted.plan import CONDITIONS, READS, Condition, Plan, Reader, Trial
from training.planted.pooled_regression import regress
from training.planted.table import Results
from training.planted.trial import Outcome, body_macs, keep_outcome, read_outcome, run_trial

BODIES: tuple[Reader, ...] = ("mlp", "gcn")
ALONE: tuple[Reader, ...] = ("image", "mlp", "gcn", "text")
REGRESSED: tuple[Reader, ...] = ("image", "mlp", "text", "joint")
"""Whose modalities the regression is given."""


class Experiment:
    """The trials that are done so far.

    Args:
        plan: Which there are.
        out: The folder of trials and table.
        command: That makes the table.

    Attributes:
        out: As given.
    """

    def __init__(self, plan: Plan, out: Path, command: str) -> None:
        self._plan = plan
        self.out = out
        self._command = command
        self._outcomes: dict[Trial, Outcome] = {}
        self._regressions: dict[Reader, Outcome] = {}
        self._judged = {condition: Material(plan, condition) for condition in CONDITIONS}
        self._drawn: Material | None = None

    def do(self, trial: Trial) -> None:
        """Do a trial, or read what came of it, and the regression on the same modalities."""
        outcome = run_trial(trial, self._plan, lambda: self._material(trial.condition), self.out)
        self._outcomes[trial] = outcome
        if trial.condition == "planted" and trial.reader in REGRESSED and not trial.seed:
            self._regressions[trial.reader] = self._regress(trial)
        found = self._found(trial.condition, trial.reader)
        sys.stdout.write(
            f"{trial.name}  balanced accuracy {found.balanced_accuracy.value:.3f}  "
            f"oracle {found.oracle.value:.3f}  CPU {outcome.cpu_s:.0f} s  "
            f"{time.strftime('%H:%M:%S')}\n"
        )
        sys.stdout.flush()

    def results(self) -> Results:
        """Return what all that was done says."""
        planted = self._judged["planted"]
        alone = [reader for reader in ALONE if self._runs("planted", reader)]
        values = {reader: self._found("planted", reader).balanced_accuracy for reader in alone}
        best = max(alone, key=lambda reader: values[reader].value or 0.0, default=None)
        trials = self._plan.trials()
        return Results(
            command=self._command,
            interviews=len(planted.interviews),
            subjects=len({entry.subject for entry in planted.interviews.entries}),
            taught=len(planted.split.folds["train"]),
            findings=tuple(self._findings()),
            gain=None if best is None else self._difference("joint", best),
            best=best,
            bodies=self._difference("mlp", "gcn"),
            macs={reader: body_macs(reader, self._plan) for reader in BODIES},
            cpu_s=sum(outcome.cpu_s for outcome in self._outcomes.values()),
            missing=tuple(own.name for own in trials if own not in self._outcomes),
        )

    def _findings(self) -> list[Finding]:
        findings = []
        for condition in CONDITIONS:
            findings += [
                self._found(condition, reader) for reader in READS if self._runs(condition, reader)
            ]
            if condition == "planted":
                findings += [
                    find(self._judged[condition], reader, [outcome], regression=True)
                    for reader, outcome in self._regressions.items()
                ]
        return findings

    def _found(self, condition: Condition, reader: Reader) -> Finding:
        return find(self._judged[condition], reader, self._runs(condition, reader))

    def _difference(self, first: Reader, second: Reader) -> Difference | None:
        runs = [self._runs("planted", reader) for reader in (first, second)]
        if not all(runs):
            return None
        above, below = (self._judged["planted"].said(preferred(own).odds) for own in runs)
        return difference([above], [below], "balanced_accuracy")

    def _runs(self, condition: Condition, reader: Reader) -> list[Outcome]:
        return [
            outcome
            for trial, outcome in self._outcomes.items()
            if (trial.condition, trial.reader) == (condition, reader)
        ]

    def _regress(self, trial: Trial) -> Outcome:
        path = self.out / f"regression-{trial.reader}.npz"
        if not path.is_file():
            material, reads = self._material(trial.condition), READS[trial.reader]
            begun_s = time.process_time()
            odds = regress(material.train, material.test, reads)
            cpu_s = time.process_time() - begun_s
            outcome = Outcome(odds=odds, parameters=0, cpu_s=cpu_s)
            keep_outcome(path, outcome, self._plan.stated(trial))
        return read_outcome(path, self._plan.stated(trial))

    def _material(self, condition: Condition) -> Material:
        """Return a condition's interviews; those of one condition are in memory at a time."""
        if self._drawn is None or self._drawn.condition != condition:
            self._drawn = Material(self._plan, condition)
        return self._drawn
