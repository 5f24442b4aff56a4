"""Recorded keypoints of one video, brought onto the time grid as a live run would.

A tick has the newest frame in which anybody was found; points outside the picture are missing, as
they are live.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64
from numpy import ndarray

from engines.errors import RecordingError
from engines.perception.keypoints.assembly import in_frame
from engines.perception.keypoints.openpose_json import OpenPoseRecording
from engines.spec.skeleton import (
    BODY,
    FACE,
    LEFT_HAND,
    LEFT_SHOULDER,
    NAMES,
    NOSE,
    POINTS,
    RIGHT_HAND,
    RIGHT_SHOULDER,
)
from engines.spec.timegrid import TimeGrid
from training.errors import DatasetError
from training.imigue.labels import ACCESS, identifier

FPS: Final = 25.0
WIDTH_PX: Final = 1280
HEIGHT_PX: Final = 720

COLUMNS: Final = 3 * POINTS
_TABLE_PARTS: Final = (BODY, FACE, LEFT_HAND, RIGHT_HAND)
"""The order of a table's columns, which is that of the fields in OpenPose's JSON."""

Frames = Callable[[int], Float32[ndarray, "137 3"] | None]
"""Returns what was found in a frame; None if nobody was."""


class RecordedKeypoints:
    """The keypoints of one video, from per-frame JSON or from a table.

    Args:
        folder: It holds ``<id>/<id>_%012d_keypoints.json``, or ``<id>.csv`` of 411 columns, a row a
            frame, with or without a line of names; leading zeros of the id do not matter.
        video: The id.

    Attributes:
        frames: How many frames the recording spans.

    Raises:
        DatasetError: If there is neither, or the table is not what was expected.
    """

    def __init__(self, folder: Path, video: str) -> None:
        path = _find(folder, video)
        self._path = path
        if path.is_dir():
            recording = _recording(path)
            numbers = [int(file.name.split("_")[-2]) for file in path.glob("*_keypoints.json")]
            self.frames = max(numbers) + 1
            self._read: Frames = recording.read
        else:
            table = _table(path)
            self.frames = len(table)
            self._read = table.__getitem__

    def on_grid(
        self, grid: TimeGrid
    ) -> tuple[Float64[ndarray, " T"], Float32[ndarray, "T 137 3"], Bool[ndarray, " T"]]:
        """Return the time of each tick, its keypoints, and on which there are any.

        Raises:
            DatasetError: If a point is not a finite number, or a frame's file is broken.
        """
        ticks = [grid.tick(frame / FPS) for frame in range(self.frames)]
        time_s = np.array([grid.start_s(tick) for tick in range(ticks[-1] + 1)])
        keypoints = np.zeros((len(time_s), POINTS, 3), np.float32)
        valid = np.zeros(len(time_s), np.bool_)
        for frame in reversed(range(self.frames)):
            tick = ticks[frame]
            if valid[tick]:
                continue
            points = self._points(frame)
            if points is not None:
                # pts may lie a rounding error before the tick that they stand for
                time_s[tick] = max(time_s[tick], frame / FPS)
                keypoints[tick], valid[tick] = points, True
        return time_s, keypoints, valid

    def _points(self, frame: int) -> Float32[ndarray, "137 3"] | None:
        try:
            points = self._read(frame)
        except RecordingError as error:
            raise DatasetError(str(error)) from error
        if points is None:
            return None
        wrong = ~np.isfinite(points).all(axis=1)
        if wrong.any():
            name = NAMES[int(np.argmax(wrong))]
            msg = (
                f"{self._path}: frame {frame}: {name} is {points[wrong][0].tolist()}; expected "
                "finite x, y and score, or 0, 0, 0 where it is missing"
            )
            raise DatasetError(msg)
        inside = in_frame(points, width=WIDTH_PX, height=HEIGHT_PX)
        return inside if inside[:, 2].any() else None


def _find(folder: Path, video: str) -> Path:
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            stem = path.stem if path.suffix == ".csv" else path.name
            if identifier(stem) == video and (path.is_dir() or path.suffix == ".csv"):
                return path
    msg = (
        f"{folder}: no keypoints of video {video}; expected {video}/{video}_000000000000"
        f"_keypoints.json and so on, or {video}.csv of {COLUMNS} columns; {ACCESS}"
    )
    raise DatasetError(msg)


def _recording(path: Path) -> OpenPoseRecording:
    try:
        return OpenPoseRecording(path)
    except RecordingError as error:
        msg = f"{error}; {ACCESS}"
        raise DatasetError(msg) from error


def _table(path: Path) -> Float32[ndarray, "F 137 3"]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            named = not _is_number(file.readline().split(",")[0])
        rows = np.loadtxt(path, np.float32, delimiter=",", skiprows=int(named), ndmin=2)
    except (OSError, ValueError) as error:
        msg = f"{path}: expected a csv of {COLUMNS} numbers a row: {error}"
        raise DatasetError(msg) from error
    if rows.shape[1:] != (COLUMNS,) or not len(rows):
        msg = f"{path}: expected rows of {COLUMNS} = {POINTS} x 3 columns, got {list(rows.shape)}"
        raise DatasetError(msg)
    numbers = rows.reshape(len(rows), POINTS, 3)
    points = np.empty_like(numbers)
    first = 0
    for part in _TABLE_PARTS:
        count = part.stop - part.start
        points[:, part] = numbers[:, first : first + count]
        first += count
    _check_order(path, points)
    return points


def _check_order(path: Path, points: Float32[ndarray, "F 137 3"]) -> None:
    """Refuse a table whose face is not where the body's nose is: its columns are in other order."""
    face = points[:, FACE]
    shoulders = points[:, [LEFT_SHOULDER, RIGHT_SHOULDER], :2]
    rows = (
        (points[:, [NOSE, LEFT_SHOULDER, RIGHT_SHOULDER], 2] > 0).all(axis=1)
        & (face[:, :, 2] > 0).all(axis=1)
        & np.isfinite(points).all(axis=(1, 2))
    )
    if not rows.any():
        return
    apart_px = np.linalg.norm(face[rows, :, :2].mean(axis=1) - points[rows, NOSE, :2], axis=1)
    width_px = np.linalg.norm(shoulders[rows, 0] - shoulders[rows, 1], axis=1)
    if np.median(apart_px / np.maximum(width_px, 1)) > 1:
        msg = (
            f"{path}: the face is not where the nose is; expected the columns in the order body, "
            "face, left hand, right hand, as in OpenPose's JSON"
        )
        raise DatasetError(msg)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
