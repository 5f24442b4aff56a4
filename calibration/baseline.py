"""A person's own neutral: what a network says of them while nothing has happened yet.

Some people look stern, some friendly, and a network takes the face they were born with for
evidence. So, if it is asked for, what it says of somebody over the first minute in which they are
seen is taken for their neutral, and what goes beyond the prior there is taken off later, in part.

It is off by default, because it is an assumption about the interview and not a measurement: **who
smiles through the first minute, and means it, is taken for a person who always smiles**, and reads
as less positive for the rest. Nor does it know a mood from a face. It helps where the first minute
is small talk.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray

from calibration.prior import log_taken
from engines.errors import ConfigError
from engines.sequence.checkpoint import NetworkDescription

FIRST_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What is known of one person's neutral so far; a value, so that no two people share one.

    Attributes:
        log_prior: What somebody who shows nothing amounts to: the network's prior, as logarithms.
        weight: Share of the excess that is taken off, 0 to 1.
        first_s: Seconds in which the person must have been seen before anything is.
        seen_s: In how many they were.
        mean: Log-probabilities over those, weighted by time.
    """

    log_prior: Float64[ndarray, " C"]
    weight: float
    first_s: float = FIRST_S
    seen_s: float = 0.0
    mean: Float64[ndarray, " C"]

    @property
    def excess(self) -> Float64[ndarray, " C"]:
        """What is to be taken off log-probabilities; zero until the first minute is over."""
        if self.seen_s < self.first_s:
            return np.zeros_like(self.mean)
        return np.asarray(self.weight * (self.mean - self.log_prior))

    def after(self, read: Float[ndarray, " C"], *, seen_s: float) -> "Baseline":
        """Return what is known after one more reading; the same once the first minute is over.

        Args:
            read: Calibrated log-probabilities, before any baseline or prior (``Answer.read``).
            seen_s: Media time for which the person was seen since the reading before.
        """
        counted_s = min(seen_s, self.first_s - self.seen_s)
        if counted_s <= 0:
            return self
        total_s = self.seen_s + counted_s
        # exactly first_s in the end: a sum of hops may stop a rounding short of it
        done_s = self.first_s if self.first_s - total_s < 1e-9 else total_s  # noqa: PLR2004 (rounding)
        mean = self.mean + (np.asarray(read, np.float64) - self.mean) * (counted_s / total_s)
        return replace(self, seen_s=done_s, mean=mean)


def nobody_yet(network: NetworkDescription, *, weight: float) -> Baseline:
    """Return what every person begins with.

    Args:
        network: Whose readings they will be.
        weight: Share of the excess over its prior that is taken off, 0 to 1.

    Raises:
        ConfigError: If the weight is no share, or the network's prior is not known.
    """
    if not 0 <= weight <= 1:
        msg = f"baseline: expected a weight from 0 to 1, got {weight}"
        raise ConfigError(msg)
    log_prior = log_taken(network)
    return Baseline(log_prior=log_prior, weight=weight, mean=np.zeros_like(log_prior))
