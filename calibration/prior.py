"""A prior that is declared: how often each class is expected where the network is used.

A network takes for granted that classes are as frequent as where it learned. Where somebody knows
better, the ratio of the two priors goes onto the log-probabilities (Saerens et al., Neural
Computation 2002). It is declared and not estimated: a few people's readings say nothing of how
frequent a class is, and an estimate would make of every crowd what the first of them were.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from engines.errors import ConfigError
from engines.sequence.checkpoint import PRIOR_SUM, NetworkDescription


def shift(network: NetworkDescription, declared: Mapping[str, float]) -> Float64[ndarray, " C"]:
    """Return what goes onto log-probabilities when another prior is declared.

    Args:
        network: It says which classes there are and which prior it takes for granted.
        declared: The share of each class, by its name.

    Raises:
        ConfigError: If a class is missing or unknown, a share is not positive, they do not sum to
            1, or it is not known what the network takes for granted.
    """
    return np.asarray(log_shares(network.labels, declared) - log_taken(network))


def log_taken(network: NetworkDescription) -> Float64[ndarray, " C"]:
    """Return the logarithm of the prior that a network takes for granted.

    Raises:
        ConfigError: If it is not known.
    """
    if network.prior is None:
        msg = (
            f"{network.name}: its description has no prior, so nothing can be said of another; "
            "leave the prior undeclared"
        )
        raise ConfigError(msg)
    return _log(network.prior)


def log_shares(labels: Sequence[str], declared: Mapping[str, float]) -> Float64[ndarray, " C"]:
    """Return the logarithms of declared shares in the order of the classes.

    Raises:
        ConfigError: If a class is missing or unknown, a share is not positive, or they do not sum
            to 1.
    """
    if set(declared) != set(labels):
        msg = f"prior: expected a share of each of {', '.join(labels)}, got {', '.join(declared)}"
        raise ConfigError(msg)
    shares = [declared[label] for label in labels]
    # written so that a NaN is refused too
    if not (min(shares) > 0 and abs(sum(shares) - 1) <= PRIOR_SUM):
        msg = f"prior: expected positive shares that sum to 1, got {dict(declared)}"
        raise ConfigError(msg)
    return _log(shares)


def _log(shares: Sequence[float]) -> Float64[ndarray, " C"]:
    exact = np.asarray(shares, np.float64)  # they are written with few digits
    return np.asarray(np.log(exact / exact.sum()))
