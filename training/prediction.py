"""What a network said of interviews, early and late: all that figures, cards and tables rest on."""

from dataclasses import dataclass

from jaxtyping import Float32
from numpy import ndarray

from training.interview import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """Of the interviews of one fold.

    Attributes:
        labels: The names of the classes.
        entries: The interviews.
        after_s: How much of each interview had been seen, seconds, rising; the last, infinity, is
            all of it.
        logits: Uncalibrated.
    """

    labels: tuple[str, ...]
    entries: tuple[Entry, ...]
    after_s: tuple[float, ...]
    logits: Float32[ndarray, "N P C"]
