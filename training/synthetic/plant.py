"""What is planted in made-up interviews, and the best that anybody could read from it.

Each modality shows two cues once, minutes apart, in every interview of either class; the sign lies
in which comes first, or in how long after. So nothing that is summed over the interview knows the
class. A sign agrees with the label as often as its plant says, independently of the other
modalities; the ceilings follow from that by Bayes' rule, exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from engines.errors import ConfigError
from engines.sequence.shape import Modality


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """How one modality tells the class.

    Attributes:
        agrees: In what share of the interviews of either class the sign is that of the class; .5
            plants nothing.
        by: order: sign 1 is that cue A comes before B; lag: that the other one follows soon.
    """

    agrees: float = 0.5
    by: Literal["order", "lag"] = "order"

    def __post_init__(self) -> None:
        if not 0.5 <= self.agrees <= 1:  # noqa: PLR2004 (chance)
            msg = (
                f"agrees: expected a share from 0.5, which plants nothing, to 1; got {self.agrees}"
            )
            raise ConfigError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """The best that can be expected of a reader who sees every sign and knows the generator.

    Attributes:
        balanced_accuracy: Of the reader who weighs both classes alike.
        accuracy: Of the reader who also knows how frequent the classes are.
        auc: Of either.
    """

    balanced_accuracy: float
    accuracy: float
    auc: float

    def __str__(self) -> str:
        return (
            f"balanced accuracy {self.balanced_accuracy:.3f}, accuracy {self.accuracy:.3f}, "
            f"AUC {self.auc:.3f}"
        )


def ceiling(plants: Mapping[Modality, Plant], *, positive: float = 0.5) -> Ceiling:
    """Return what can be read from several modalities together.

    Args:
        plants: Those that the reader is given.
        positive: The share of class 1.
    """
    negative_p, positive_p = _sign_probabilities(plants)
    ratio = positive_p / np.where(negative_p > 0, negative_p, 1)
    ratio[negative_p == 0] = np.inf
    above = (ratio[:, None] > ratio) & ~np.isclose(ratio[:, None], ratio)
    even = np.isclose(ratio[:, None], ratio)
    weights = positive_p[:, None] * negative_p
    return Ceiling(
        balanced_accuracy=float(np.maximum(negative_p, positive_p).sum() / 2),
        accuracy=float(np.maximum((1 - positive) * negative_p, positive * positive_p).sum()),
        auc=float((weights * (above + even / 2)).sum()),
    )


def log_odds(signs: Mapping[Modality, int], plants: Mapping[Modality, Plant]) -> float:
    """Return by how much signs speak for class 1, both classes being alike frequent."""
    odds = 0.0
    for name, sign in signs.items():
        agrees = min(plants[name].agrees, 1 - 1e-9)
        odds += (1 if sign else -1) * float(np.log(agrees / (1 - agrees)))
    return odds


def _sign_probabilities(
    plants: Mapping[Modality, Plant],
) -> tuple[Float64[ndarray, " S"], Float64[ndarray, " S"]]:
    """Return, of every combination of signs, how probable it is in class 0 and in class 1."""
    combinations = list(product((0, 1), repeat=len(plants)))
    shares = [plant.agrees for plant in plants.values()]
    by_class = [
        np.array(
            [
                np.prod(
                    [p if sign == label else 1 - p for sign, p in zip(signs, shares, strict=True)]
                )
                for signs in combinations
            ],
            dtype=np.float64,
        )
        for label in (0, 1)
    ]
    return by_class[0], by_class[1]
