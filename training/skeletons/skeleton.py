"""What the clips of a data set have in common, and a network must know."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """What a data set's clips have in common.

    Attributes:
        edges: Which joints hang together.
        root: The joint that the others are seen from.
        classes: How many.
        ticks: Of a clip.
        warps: Whether a clip may be cut and bent in time: not where its label is its middle's.
        drawn: So many clips are drawn for an epoch; 0: all.
    """

    edges: tuple[tuple[int, int], ...]
    root: int
    classes: int
    ticks: int
    warps: bool
    drawn: int
