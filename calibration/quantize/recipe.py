"""How an int8 graph is made: what the ranges are read by, and what keeps f32.

There is no one way: the widest range ever seen wastes most steps on what is rare, and a head that
regresses coordinates mostly wants to stay. So several are tried in order, and the gate takes
the first that passes.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from engines.models.source import Entry

Ranges = Literal["minmax", "mean", "percentile"]


class Recipe(Entry):
    """One way to make an int8 graph: symmetric, activations per tensor, weights per channel."""

    name: str
    ranges: Ranges
    """Of activations. minmax: the widest ever seen; mean: the mean of each input's; percentile: the
    mean of each input's without its outermost numbers."""
    spare_last: Annotated[int, Field(ge=0)] = 0
    """So many weighted layers before each end of the network keep f32."""
    spare_first: Annotated[int, Field(ge=0)] = 0
    """So many after each beginning."""
    smooth: Annotated[float, Field(gt=0, lt=1)] | None = None
    """SmoothQuant's alpha, for transformers: how much of the activations' width moves into the
    weights."""
    correct_bias: bool = True
    """Whether the mean error of each layer is taken off its bias, which stays f32."""

    def __str__(self) -> str:
        spared = [
            f"the {which} {count} layers f32"
            for which, count in (("first", self.spare_first), ("last", self.spare_last))
            if count
        ]
        smooth = [] if self.smooth is None else [f"SmoothQuant {self.smooth:g}"]
        return ", ".join([f"{self.name}: ranges by {self.ranges}", *smooth, *spared])


CONVOLUTIONS: Final = (
    Recipe(name="all", ranges="mean"),
    Recipe(name="no heads", ranges="mean", spare_last=1),
    Recipe(name="no ends", ranges="mean", spare_last=3, spare_first=1),
    Recipe(name="backbone", ranges="mean", spare_last=6, spare_first=2),
)
"""For convolutional networks, the fastest first."""
TRANSFORMERS: Final = (
    Recipe(name="smooth", ranges="mean", smooth=0.95),
    Recipe(name="smooth, no ends", ranges="mean", smooth=0.95, spare_last=1, spare_first=1),
)
"""For transformers: a few channels of theirs are a hundred times as wide as the rest."""
