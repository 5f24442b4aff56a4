"""The reader who sees every sign: what could be reached on these very interviews.

A ceiling is of all interviews that could be made; a fold of some dozens has one of its own, which
is what a network's figure on that fold is to be held against.
"""

from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from engines.sequence.shape import Modality
from training.synthetic.plant import log_odds
from training.synthetic.script import Script, SyntheticConfig


def oracle(
    scripts: Sequence[Script], config: SyntheticConfig, given: Collection[Modality]
) -> Float64[ndarray, " N"]:
    """Return by how much each interview speaks for class 1, both classes being alike frequent.

    Args:
        scripts: Of the interviews, such as those of one fold.
        config: Of the set.
        given: The modalities that the reader is given; 0 throughout where they tell nothing.
    """
    plants = {name: config.plant(name) for name in given}
    return np.array(
        [log_odds({name: script.signs[name] for name in given}, plants) for script in scripts]
    )
