"""What is known of one person on one tick of the time grid: what a network takes its step on."""

from dataclasses import dataclass

from jaxtyping import Float32
from numpy import ndarray

from engines.spec.transcript import TextEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonTick:
    """One watched person on one tick; where the person was not seen, only words may be known.

    Attributes:
        source: The name of the source.
        epoch: As in ``Frame``.
        shot: As in ``Frame``.
        person_id: Who it is.
        tick: Its absolute place on the grid; of one person and epoch, ticks rise.
        time_s: Media time of the frame that stands for the tick.
        keypoints: OpenPose-137 as (x, y, score) in pixels; None where not found.
        appearance: The appearance encoder's embedding; None where not computed.
        expression: Probabilities in the order of ``EXPRESSIONS``; None where no face was found.
        text: The person's newest words as known at ``time_s``; None if there were none. The same
            object from tick to tick until more is known: a network steps where it is another one.
    """

    source: str
    epoch: int
    shot: int
    person_id: str
    tick: int
    time_s: float
    keypoints: Float32[ndarray, "137 3"] | None = None
    appearance: Float32[ndarray, " D"] | None = None
    expression: Float32[ndarray, " 7"] | None = None
    text: TextEvidence | None = None
