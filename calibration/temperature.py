"""Logits that a temperature tempers: log-probabilities that are as sure as they are right.

One number divides all logits, so the order of the classes stays (Guo et al., ICML 2017). It holds
for the domain it was fitted on (``temperature_fit``), and for no other.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray


def log_probabilities(
    logits: Float[ndarray, "... C"], temperature: float = 1.0
) -> Float[ndarray, "... C"]:
    """Return the logarithms of the probabilities that tempered logits stand for, in float64.

    Args:
        logits: As the network gives them.
        temperature: What they are divided by; above 1 makes them less sure.
    """
    return normalized(np.asarray(logits, np.float64) / temperature)


def normalized(logs: Float[ndarray, "... C"]) -> Float[ndarray, "... C"]:
    """Return logarithms moved so that what they are of sums to 1."""
    return np.asarray(logs - np.logaddexp.reduce(logs, axis=-1, keepdims=True))
