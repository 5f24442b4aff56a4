"""What the trainings say together: a figure a row, differences on the same people, the ranking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from training.ablation.cost import Cost
from training.ablation.material import Material
from training.ablation.plan import Plan
from training.ablation.row import Row, Training
from training.ablation.trial import logits
from training.evaluation.comparison import Difference, difference, figure
from training.evaluation.metrics import MetricName
from training.evaluation.scores import Figure
from training.prediction import Predictions
from training.weak_to_strong.outcome import Outcome

TOLD: Final[tuple[MetricName, ...]] = ("auc", "balanced_accuracy", "accuracy", "macro_f1")
RANKED: Final[MetricName] = "auc"
"""Two signs that are equally sure and disagree leave the balanced accuracy of one: only the AUC of
a pair is above."""
ALIKE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of the table.

    Attributes:
        row: Which.
        figures: By metric, the mean over the seeds.
        seeds: The AUC of each.
        planted: The AUC that could be reached; None of recorded interviews.
        known: The AUC on this test fold of one who sees every sign.
        above: By how much it is above ``compared``, in AUC, paired; None of the whole itself.
        compared: all: everything that the base reads; base, gold: the same modalities in the base,
            or from gold alone.
        parameters: Of the network.
        cpu_s: Of all seeds, without what they share with others.
        kept: Of pseudo-labels, the round that counted, a seed; 0 is gold alone.
    """

    row: Row
    figures: Mapping[MetricName, Figure]
    seeds: tuple[float, ...]
    planted: float | None
    known: float | None
    above: Difference | None
    compared: str | None
    parameters: int
    cpu_s: float
    kept: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Whether rows of the base come in the order in which they were planted.

    Attributes:
        planted: Names by planted AUC, those alike together, best first.
        found: Names by AUC, best first.
        pairs: Of rows whose planted AUC differ.
        right: Of those, found in that order.
        sure: Of those, with the whole paired interval above 0.
        wrong: Found the other way round with the whole interval.
    """

    planted: tuple[tuple[str, ...], ...]
    found: tuple[str, ...]
    pairs: int
    right: int
    sure: int
    wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All that the table says.

    Attributes:
        command: That makes it.
        data: What it is of.
        protocol: Of the folds; figures are only compared within one.
        folds: Interviews and people, by fold.
        lines: Row by row, those that are done.
        ranking: None of recorded interviews, or as long as rows of the base are missing.
        missing: Names of the trainings that are still to be done.
        left_out: Why rows are not there.
        teacher: Of pseudo-labels, where a table of them was given.
        transductive: Whether its pool has interviews of the test.
        trainings: How many are done.
        cpu_s: Of them.
    """

    command: str
    data: str
    protocol: str
    folds: Mapping[str, tuple[int, int]]
    lines: tuple[Line, ...]
    ranking: Ranking | None
    missing: tuple[str, ...]
    left_out: tuple[str, ...]
    teacher: str | None
    transductive: bool
    trainings: int
    cpu_s: float


class Judge:
    """Judges outcomes.

    Args:
        plan: Of what.
        material: With the test fold.
        costs: Of the trainings; their parameters are told.
    """

    def __init__(self, plan: Plan, material: Material, costs: Mapping[Training, Cost]) -> None:
        self._plan = plan
        self._material = material
        self._costs = costs

    def results(self, outcomes: Mapping[Training, Outcome], command: str) -> Results:
        """Return what is known so far."""
        lines = tuple(
            self._line(row, outcomes)
            for row in self._plan.rows
            if all(own in outcomes for own in row.trainings)
        )
        missing = tuple(own.name for own in self._plan.trainings if own not in outcomes)
        split = self._material.split
        return Results(
            command=command,
            data=self._material.interviews.name,
            protocol=split.protocol,
            folds={
                name: (len(own), len({entry.subject for entry in own}))
                for name, own in split.folds.items()
            },
            lines=lines,
            ranking=self._ranking(lines, outcomes),
            missing=missing,
            left_out=self._plan.left_out,
            teacher=self._material.teacher,
            transductive=self._material.transductive,
            trainings=len(outcomes),
            cpu_s=sum(own.cpu_s for own in outcomes.values()),
        )

    def _line(self, row: Row, outcomes: Mapping[Training, Outcome]) -> Line:
        own = [outcomes[training] for training in row.trainings]
        runs = self._said(row, outcomes)
        planted, known = self._material.planted(row.given), self._material.known(row.given)
        other, compared = self._compared(row)
        above = None
        if other is not None and all(training in outcomes for training in other.trainings):
            # as many seeds of either, the same ones
            count = min(row.seeds, other.seeds)
            above = difference(runs[:count], self._said(other, outcomes)[:count], RANKED)
        return Line(
            row=row,
            figures={name: figure(runs, name) for name in TOLD},
            seeds=tuple(figure([run], RANKED).value or 0.0 for run in runs),
            planted=None if planted is None else planted.auc,
            known=None if known is None else figure([known], RANKED).value,
            above=above,
            compared=None if above is None else compared,
            parameters=self._costs[row.trainings[0]].parameters,
            cpu_s=sum(outcome.cpu_s for outcome in own),
            kept=tuple(outcome.best for outcome in own) if row.way.labels == "pseudo" else (),
        )

    @property
    def _base(self) -> list[Row]:
        return [own for own in self._plan.rows if own.way == self._plan.base.of(own.given)]

    def _compared(self, row: Row) -> tuple[Row | None, str]:
        """Return what a row is held against: the whole, or in another way the same in the base."""
        base = self._base
        if row in base:
            whole = max(base, key=lambda own: len(own.given))
            return (None if whole == row else whole), "all"
        if row.way.labels == "pseudo" and self._material.gold_labels == "gold":
            gold = replace(row.way, labels="gold")
            for own in self._plan.rows:
                if (own.given, own.way) == (row.given, gold):
                    return own, "gold"
        return next((own for own in base if own.given == row.given), None), "base"

    def _said(self, row: Row, outcomes: Mapping[Training, Outcome]) -> list[Predictions]:
        return [self._material.said(logits(outcomes[own])) for own in row.trainings]

    def _ranking(
        self, lines: Sequence[Line], outcomes: Mapping[Training, Outcome]
    ) -> Ranking | None:
        base = [own for own in lines if own.row in self._base]
        if len(base) < len(self._base):
            return None
        planted = {line_name(own.row): own.planted for own in base if own.planted is not None}
        if len(planted) < 2:  # noqa: PLR2004 (an order)
            return None
        pairs = right = sure = wrong = 0
        for first, second in combinations(base, 2):
            gap = planted[line_name(first.row)] - planted[line_name(second.row)]
            if abs(gap) < ALIKE:
                continue
            above, below = (first, second) if gap > 0 else (second, first)
            found = difference(
                self._said(above.row, outcomes), self._said(below.row, outcomes), RANKED
            )
            pairs += 1
            right += found.value > 0
            sure += found.low is not None and found.low > 0
            wrong += found.high is not None and found.high < 0
        values = {line_name(own.row): own.figures[RANKED].value or 0.0 for own in base}
        steps = sorted({round(value, 9) for value in planted.values()}, reverse=True)
        return Ranking(
            planted=tuple(
                tuple(name for name, value in planted.items() if round(value, 9) == step)
                for step in steps
            ),
            found=tuple(sorted(values, key=lambda name: -values[name])),
            pairs=pairs,
            right=right,
            sure=sure,
            wrong=wrong,
        )


def line_name(row: Row) -> str:
    """Return what a row reads, in words."""
    return " + ".join(row.given)
