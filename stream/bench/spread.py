"""The spread of a measured quantity, with the tail that a live system is judged by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from engines.spec.wire import CLOSED, Count

RANKS: Final = (50, 90, 95, 99, 100)
DIGITS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Percentiles of samples, each interpolated between its two neighbours.

    A percentile of few samples is little more than their maximum: ``n`` says how many there were.
    """

    __pydantic_config__: ClassVar = CLOSED

    n: Count
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    max: float


def spread_of(samples: Sequence[float]) -> Spread | None:
    """Return the spread of samples; None without any."""
    if not len(samples):
        return None
    ranks = [round(float(value), DIGITS) for value in np.percentile(samples, RANKS)]
    p50, p90, p95, p99, top = ranks
    mean = round(float(np.mean(samples)), DIGITS)
    return Spread(n=len(samples), mean=mean, p50=p50, p90=p90, p95=p95, p99=p99, max=top)
