"""A line of the table: what a reader found in the test fold, and whether that is what was there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from training.evaluation.comparison import Difference, difference, figure
from training.evaluation.scores import Figure
from training.planted.material import Material
from training.planted.plan import READS, Condition, Reader
from training.planted.trial import Outcome
from training.synthetic.plant import ceiling

CLOSE: Final = 0.05
"""A figure so near to another counts as that one."""
CHANCE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one reader found under one condition, from the start that the validation fold prefers.

    Attributes:
        condition: What there was to find.
        reader: Who; ``regression`` is the one on pooled features.
        reads: The modalities that it was given.
        ceiling: The best balanced accuracy that can be expected on interviews like these; that of
            chance where nothing can be learned.
        oracle: The balanced accuracy on this test fold of one who sees every sign.
        balanced_accuracy: The reader's on it.
        auc: The reader's on it.
        short: By how much the oracle's balanced accuracy is above the reader's, paired.
        seeds: The balanced accuracy of each start, the one that counts included.
        parameters: Of the network.
        cpu_s: Of the training of all starts.
        as_planted: Whether the figure is within ``CLOSE`` of the ceiling and of the oracle's, or
            of chance, in balanced accuracy and AUC.
        sure: Whether that holds of the whole 95 % interval.
    """

    condition: Condition
    reader: str
    reads: tuple[str, ...]
    ceiling: float
    oracle: Figure
    balanced_accuracy: Figure
    auc: Figure
    short: Difference
    seeds: tuple[float, ...]
    parameters: int | None
    cpu_s: float | None
    as_planted: bool
    sure: bool


def find(
    material: Material,
    reader: Reader,
    outcomes: Sequence[Outcome],
    *,
    regression: bool = False,
) -> Finding:
    """Judge a reader.

    Args:
        material: Of the condition.
        reader: Who, or whose modalities the regression was given.
        outcomes: Of its starts, which differ in their seed.
        regression: Whether it is the one on pooled features, which can only find amounts.
    """
    config, reads = material.interviews.config, READS[reader]
    runs = [material.said(preferred(outcomes).odds)]
    accuracy, area = (figure(runs, name) for name in ("balanced_accuracy", "auc"))
    known = material.known(reads)
    oracle = figure([known], "balanced_accuracy")
    short = difference([known], runs, "balanced_accuracy")
    learnable = material.condition == "planted" and not regression
    best = ceiling({name: config.plant(name) for name in reads})
    if learnable:
        gaps = [best.balanced_accuracy - _value(accuracy), best.auc - _value(area), short.value]
        as_planted, sure = max(gaps) <= CLOSE, short.high is not None and short.high <= CLOSE
    else:
        off = [abs(_value(each) - CHANCE) for each in (accuracy, area)]
        ends = [abs(end - CHANCE) for end in (accuracy.low, accuracy.high) if end is not None]
        as_planted, sure = max(off) <= CLOSE, bool(ends) and max(ends) <= CLOSE
    return Finding(
        condition=material.condition,
        reader="regression" if regression else reader,
        reads=reads,
        ceiling=best.balanced_accuracy if learnable else CHANCE,
        oracle=oracle,
        balanced_accuracy=accuracy,
        auc=area,
        short=short,
        seeds=tuple(
            _value(figure([material.said(own.odds)], "balanced_accuracy")) for own in outcomes
        ),
        parameters=None if regression else outcomes[0].parameters,
        cpu_s=None if regression else sum(own.cpu_s for own in outcomes),
        as_planted=as_planted,
        sure=as_planted and sure,
    )


def preferred(outcomes: Sequence[Outcome]) -> Outcome:
    """Return what came of the start with the least validation loss.

    Some starts never leave the plateau on which every interview is answered alike; the validation
    fold tells them from the others, and the test fold has no part in it.
    """
    return min(outcomes, key=lambda own: own.validation_loss)


def _value(of: Figure) -> float:
    assert of.value is not None  # noqa: S101 (both classes are in every fold)
    return of.value
