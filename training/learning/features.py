"""What each branch is fed of an interview: the same on every tick as a live run feeds it.

Keypoints are normalised by the live run's own function. Words count on the tick on which more of
them were known, since only there a live run takes a step; what was said before is the network's to
remember. A teacher's notes stand after the words, zeros where there are none, and count likewise.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64
from numpy import ndarray

from engines.sequence.keypoint_state import KeypointState
from engines.sequence.normalize import FEATURES, normalize
from engines.sequence.shape import Modality
from training.interview import Interview


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One modality of one interview.

    Attributes:
        features: Of every tick; zero on one without data.
        valid: True for the ticks that hold data.
    """

    features: Float32[ndarray, "T ..."]
    valid: Bool[ndarray, " T"]


def widths(interview: Interview) -> dict[Modality, int]:
    """Return the numbers of a tick, for keypoints of a joint, by modality that there is."""
    found: dict[Modality, int] = {}
    if interview.appearance.shape[1]:
        found["image"] = interview.appearance.shape[1]
    if interview.keypoints_valid.any():
        found["keypoints"] = FEATURES
    if interview.text.shape[1]:
        found["text"] = interview.text.shape[1] + interview.notes.shape[1]
    return found


def track(interview: Interview, modality: Modality, *, width: int) -> Track:
    """Return what a branch is fed.

    Args:
        interview: Of whom.
        modality: Of the branch.
        width: Of its features; an interview that lacks the modality is all masked.
    """
    match modality:
        case "image":
            valid = interview.appearance_valid & bool(interview.appearance.shape[1])
            return _of_width(interview.appearance, valid, width)
        case "keypoints":
            features, known, _ = normalize(
                interview.keypoints,
                time_s=interview.time_s,
                shot=interview.shot,
                valid=interview.keypoints_valid,
                state=KeypointState.fresh(),
            )
            return Track(features=features, valid=known)
        case "text":
            words, _ = interview.text_as_of()
            more = _grows(interview.newest_text()) | _grows(interview.newest_note())
            return _of_width(np.concatenate([words, _noted(interview)], axis=1), more, width)


def _noted(interview: Interview) -> Float32[ndarray, "T R"]:
    """Return the newest note of each tick, zeros before the first."""
    newest = interview.newest_note()
    none = np.zeros((1, interview.notes.shape[1]), np.float32)
    rows: Float32[ndarray, "T R"] = np.concatenate([interview.notes, none])[newest]
    return rows


def _grows(newest: Int64[ndarray, " T"]) -> Bool[ndarray, " T"]:
    return np.diff(newest, prepend=-1) > 0


def _of_width(rows: Float32[ndarray, "T D"], valid: Bool[ndarray, " T"], width: int) -> Track:
    if not rows.shape[1]:
        rows = np.zeros((len(rows), width), np.float32)
    return Track(features=np.where(valid[:, None], rows, 0).astype(np.float32), valid=valid)
