"""The fit of a temperature: under which the right classes are likeliest. Offline; needs scipy."""

from typing import Final

import numpy as np
from jaxtyping import Float, Float64, Int
from numpy import ndarray
from scipy.optimize import minimize_scalar

from calibration.temperature import log_probabilities, normalized

TEMPERATURES: Final = (0.05, 20.0)
"""What lies beyond says that something else is wrong."""


def fit_temperature(
    logits: Float[ndarray, "N C"],
    labels: Int[ndarray, " N"],
    *,
    shift: Float64[ndarray, " C"] | None = None,
) -> float:
    """Return the temperature that minimises the negative log-likelihood.

    Args:
        logits: Of data that no weight was fitted to.
        labels: The right classes.
        shift: From the prior that the network takes for granted to that of these data, as
            logarithms; otherwise the temperature makes up for what is no lack of sureness.

    Raises:
        ValueError: If there is nothing to fit on, or a logit is not finite.
    """
    if not len(labels) or not np.isfinite(logits).all():
        msg = f"expected finite logits of some examples, got {logits.shape}"
        raise ValueError(msg)

    def loss(log_temperature: float) -> float:
        logs = log_probabilities(logits, float(np.exp(log_temperature)))
        if shift is not None:
            logs = normalized(logs + shift)
        return -float(logs[np.arange(len(labels)), labels].mean())

    best = minimize_scalar(loss, bounds=tuple(np.log(TEMPERATURES)), method="bounded")
    return float(np.exp(best.x))
