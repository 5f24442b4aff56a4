"""What one analysed frame shows of each person in it."""

from dataclasses import dataclass
from typing import Final

from jaxtyping import Float32
from numpy import ndarray

ENROLLED: Final = "subject"
"""The ``person_id`` of the person in the enrolment picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One person in one frame.

    Attributes:
        source: The name of the source.
        epoch: As in ``Frame``.
        shot: As in ``Frame``.
        track_id: The tracker's number for the person, unique in a source over its whole run.
        person_id: Who the person is, kept across misses and cuts, unique in a source over its whole
            run; None while that is not decided.
        box_xyxy: The person in pixels of the frame.
        score: The detector's last score for the person, in [0, 1].
        time_s: Media time.
        arrived_s: Monotonic time at which the frame arrived.
        face_xyxy: The face in pixels of the frame, or None where no face was found.
        keypoints: OpenPose-137 as (x, y, score), in pixels; None where not computed.
        appearance: The image encoder's embedding; None where not computed.
        expression: Probabilities in the order of ``EXPRESSIONS``; None where no face was found.
        mouth_open: How far lower lip and chin are below the nose, in distances between the eyes;
            None where no face was found.
    """

    source: str
    epoch: int
    shot: int
    track_id: int
    person_id: str | None
    box_xyxy: Float32[ndarray, " 4"]
    score: float
    time_s: float
    arrived_s: float
    face_xyxy: Float32[ndarray, " 4"] | None = None
    keypoints: Float32[ndarray, "137 3"] | None = None
    appearance: Float32[ndarray, " D"] | None = None
    expression: Float32[ndarray, " 7"] | None = None
    mouth_open: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everyone in one analysed frame; an empty scene says that nobody was there.

    Attributes:
        source: The name of the source.
        epoch: As in ``Frame``.
        shot: As in ``Frame``.
        index: The frame's index.
        time_s: Media time.
        captured_at: As in ``Frame``.
        arrived_s: As in ``Frame``.
        observations: One for each person, in no particular order.
    """

    source: str
    epoch: int
    shot: int
    index: int
    time_s: float
    captured_at: float | None
    arrived_s: float
    observations: tuple[Observation, ...]
