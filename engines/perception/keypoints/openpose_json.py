"""Recorded keypoints, replayed: the JSON files that OpenPose writes, one a frame.

iMiGUE ships its keypoints so: ``<id>/<id>_%012d_keypoints.json``, of which the first person counts.
Replayed through the pipeline, they read a video with the very points a model learned from.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.errors import RecordingError
from engines.perception.keypoints.assembly import in_frame
from engines.perception.keypoints.network import Keypoints, Sight
from engines.perception.keypoints.pose import Pose
from engines.spec import skeleton

NAME: Final = "openpose"

_FIELDS: Final = {
    "pose_keypoints_2d": skeleton.BODY,
    "hand_left_keypoints_2d": skeleton.LEFT_HAND,
    "hand_right_keypoints_2d": skeleton.RIGHT_HAND,
    "face_keypoints_2d": skeleton.FACE,
}


class OpenPoseRecording:
    """The recorded keypoints of one video.

    Args:
        folder: It holds ``<folder's name>_%012d_keypoints.json``, counted from frame 0.

    Raises:
        RecordingError: If there is no such folder, or none of its files is named so.
    """

    def __init__(self, folder: Path) -> None:
        if next(folder.glob(f"{folder.name}_*_keypoints.json"), None) is None:
            msg = (
                f"{folder}: expected recorded keypoints, {folder.name}_000000000000_keypoints.json "
                "and so on; name the folder of one video"
            )
            raise RecordingError(msg)
        self._folder = folder
        self.name = NAME

    def follow(self) -> "OpenPoseTrack":
        """Begin to replay; the recording knows one person only."""
        return OpenPoseTrack(self)

    def read(self, index: int) -> Float32[ndarray, "137 3"] | None:
        """Return what was recorded of the first person in a frame, or None if nobody was.

        Args:
            index: The frame, counted from 0.

        Raises:
            RecordingError: If the file is not what OpenPose writes.
        """
        path = self._folder / f"{self._folder.name}_{index:012d}_keypoints.json"
        try:
            people = json.loads(path.read_text(encoding="utf-8"))["people"]
            return _points(people[0]) if people else None
        except FileNotFoundError:
            return None  # OpenPose left frames out in which it saw nobody
        except (OSError, KeyError, TypeError, ValueError) as error:
            msg = f"{path}: not the keypoints of a frame as OpenPose writes them: {error}"
            raise RecordingError(msg) from error


class OpenPoseTrack:
    """Replays one recording; it remembers nothing.

    Args:
        recording: Shared.
    """

    def __init__(self, recording: OpenPoseRecording) -> None:
        self._recording = recording

    def body(self, sight: Sight) -> None:
        """Return None: body and face are found as one."""

    def pupils(self, sight: Sight) -> None:
        """Return None, as ``body`` does."""

    def complete(
        self,
        sight: Sight,
        pose: Pose | None,  # noqa: ARG002
        pupils: Float32[ndarray, "2 2"] | None,  # noqa: ARG002
    ) -> Keypoints | None:
        """Return the keypoints; there is nothing to add to."""
        return self.find(sight)

    def find(self, sight: Sight) -> Keypoints | None:
        """Return what was recorded of the frame, or None.

        Raises:
            RecordingError: If the frame's file is broken.
        """
        recorded = self._recording.read(sight.index)
        if recorded is None:
            return None
        height, width = sight.image.shape[:2]
        points = in_frame(recorded, width=width, height=height)
        if not points[:, 2].any():
            return None
        return Keypoints(
            points=points,
            left_hand=bool(points[skeleton.LEFT_HAND, 2].any()),
            right_hand=bool(points[skeleton.RIGHT_HAND, 2].any()),
        )


def _points(person: dict[str, Any]) -> Float32[ndarray, "137 3"]:
    points = np.zeros((skeleton.POINTS, 3), np.float32)
    for field, part in _FIELDS.items():
        numbers = person.get(field) or [0.0] * 3 * (part.stop - part.start)
        points[part] = np.array(numbers, np.float32).reshape(part.stop - part.start, 3)
    return points
