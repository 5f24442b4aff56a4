"""A window: what is known of one person over the last stretch of the time grid."""

from dataclasses import dataclass

from jaxtyping import Bool, Float32
from numpy import ndarray

from engines.spec.transcript import TextEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One person, or nobody, over consecutive ticks of one epoch.

    Attributes:
        source: The name of the source.
        epoch: As in ``Frame``.
        shot: That of the newest frame.
        person_id: Whose window it is; None if nobody is watched.
        track_id: The newest track of the person; None if nobody is watched.
        start_s: Media time at which the first tick begins.
        end_s: Media time at which the last tick ends.
        newest_s: Media time of the newest frame in the window.
        analysed: True for the ticks on which any frame was analysed.
        expression: Probabilities in the order of ``EXPRESSIONS``; rows outside the mask are zero.
        expression_valid: True for the ticks on which the person's face was read.
        keypoints: OpenPose-137 as (x, y, score) in pixels; rows outside the mask are zero.
        keypoints_valid: True for the ticks on which any keypoint of the person was found.
        text: The newest words of the person, as known at ``newest_s``; None if there were none.
        face_newest_s: Media time of the newest face in the window; None if there is none.
        captured_at: When the newest frame was taken, Unix seconds, where the stream says so.
        arrived_s: When the newest frame arrived, monotonic seconds.
        perceived_s: When the newest frame had been perceived, monotonic seconds.
        still: True if the source is a single picture.
    """

    source: str
    epoch: int
    shot: int
    person_id: str | None
    track_id: int | None
    start_s: float
    end_s: float
    newest_s: float
    analysed: Bool[ndarray, " T"]
    expression: Float32[ndarray, "T 7"]
    expression_valid: Bool[ndarray, " T"]
    keypoints: Float32[ndarray, "T 137 3"]
    keypoints_valid: Bool[ndarray, " T"]
    face_newest_s: float | None
    captured_at: float | None
    arrived_s: float
    perceived_s: float
    text: TextEvidence | None = None
    still: bool = False
