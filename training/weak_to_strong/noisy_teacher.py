"""A made-up teacher of known noise, which also takes a trait for the class.

How often it is right depends on the class, and on a trait that has nothing to do with the class:
it leans towards class 1 where the trait is there. Whoever learns its labels as they are learns the
trait; in gold the trait tells nothing.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from engines.errors import ConfigError
from training.pseudo_label.opinions import Opinions


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyTeacher:
    """How often it is right, where classes and traits are alike frequent.

    Attributes:
        right: On average; .5 is worth nothing.
        tilt: So much more often of class 1, and less of class 0.
        lean: So much more often where the trait goes with the class, and less where it does not.

    Raises:
        ConfigError: If it would be right less than never or more than always.
    """

    right: float = 0.7
    tilt: float = 0.05
    lean: float = 0.1

    def __post_init__(self) -> None:
        reach = abs(self.tilt) + abs(self.lean)
        if not 0 <= self.right - reach <= self.right + reach <= 1:
            msg = (
                f"teacher: right {self.right}, tilt {self.tilt}, lean {self.lean}: expected shares "
                "from 0 to 1 for every class and trait"
            )
            raise ConfigError(msg)

    def label(
        self,
        labels: Int64[ndarray, " N"],
        traits: Int64[ndarray, " N"],
        random: np.random.Generator,
    ) -> Opinions:
        """Return what it says; of each class and trait exactly the stated share is right.

        Args:
            labels: The classes, 0 or 1.
            traits: 0 or 1.
            random: Decides where it errs.
        """
        said = labels.copy()
        for label in (0, 1):
            for trait in (0, 1):
                places = random.permutation(np.flatnonzero((labels == label) & (traits == trait)))
                share = self.right + self.tilt * (2 * label - 1)
                share += self.lean if trait == label else -self.lean
                said[places[round(share * len(places)) :]] = 1 - label
        return Opinions(np.eye(2)[said])
