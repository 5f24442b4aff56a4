"""Tracks: the same person from frame to frame, by where the boxes are.

``Tracker`` is what the observer needs of any of them; ``ByteTracker`` is ByteTrack (Zhang et al.,
ECCV 2022) as edgefirst-tracker has it: in Rust, with numpy alone, and with a life span in time
rather than in frames.
"""

from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np
from edgefirst.tracker import ByteTrack
from jaxtyping import Float32
from numpy import ndarray

from engines.config import TrackerConfig
from engines.perception.detector import Detections

PREDICT_AT_MOST_S: Final = 0.25
"""A box is moved on for no longer: people stop and turn."""

# Weight of a new detection in the Kalman filter. The library's own 0.25 trails a walker by a third
# of his width until it loses him; on the shared clips 1.0 made the fewest tracks.
_UPDATE_WEIGHT: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One person whom the detector saw when it last looked.

    Attributes:
        track_id: Never given twice by one tracker, from 1.
        box_xyxy: In pixels of the frame, as detected or as predicted from there; read-only.
        score: The detector's, when it last looked.
    """

    track_id: int
    box_xyxy: Float32[ndarray, " 4"]
    score: float


@runtime_checkable  # the tests check every annotation
class Tracker(Protocol):
    """Follows persons through one source, on its media clock."""

    @property
    def given(self) -> int:
        """The newest number that was given; 0 before any was."""
        ...

    def update(self, detections: Detections, time_s: float) -> tuple[Track, ...]:
        """Take in what the detector saw and return the tracks that it confirmed.

        A track that was missed is kept for a while, unreported, and may be found again.
        """
        ...

    def carry(self, time_s: float) -> tuple[Track, ...]:
        """Return the same tracks where they should be by now; the detector did not look."""
        ...

    def renumber(self, track_id: int) -> int:
        """Go on with a track under a new number: it shows somebody else by now."""
        ...

    def restart(self) -> None:
        """Forget every track, but not which numbers were given."""
        ...


@dataclass(slots=True)
class _Sighting:
    track_id: int
    box_xyxy: Float32[ndarray, " 4"]
    velocity: Float32[ndarray, " 2"]  # of the centre, px/s
    score: float
    time_s: float


class ByteTracker:
    """A ``Tracker`` on edgefirst-tracker.

    Args:
        config: The least overlap that joins a detection to a track; how long a track is kept.
        min_score: A detection below it starts no track.
        given: The newest number that was given before, by a tracker whose place it takes.

    Attributes:
        given: The newest number that was given.
    """

    def __init__(self, config: TrackerConfig, *, min_score: float, given: int = 0) -> None:
        self._config = config
        self._min_score = min_score
        self.given = given
        self.restart()

    def restart(self) -> None:
        """Forget every track, but not which numbers were given."""
        self._byte_track = ByteTrack(
            high_conf=self._min_score,
            iou=self._config.min_iou,
            update=_UPDATE_WEIGHT,
            lifespan_ns=_nanoseconds(self._config.keep_s),
        )
        self._kept: dict[str, _Sighting] = {}
        self._seen: list[_Sighting] = []
        self._began_s: float | None = None

    def update(self, detections: Detections, time_s: float) -> tuple[Track, ...]:
        """Take in what the detector saw and return the tracks that it confirmed."""
        if self._began_s is None:
            self._began_s = time_s  # its clock takes no time below zero; media time may be
        self._end_overdue(time_s)
        infos = self._byte_track.update(
            np.ascontiguousarray(detections.boxes_xyxy),
            np.ascontiguousarray(detections.scores),
            np.zeros(len(detections.scores), dtype=np.uintp),
            _nanoseconds(time_s - self._began_s),
        )
        rows = zip(infos, detections.boxes_xyxy, detections.scores.tolist(), strict=True)
        self._seen = [
            self._sight(info.uuid, box, score, time_s)
            for info, box, score in rows
            if info is not None
        ]
        return self.carry(time_s)

    def carry(self, time_s: float) -> tuple[Track, ...]:
        """Return the same tracks where they should be by now; the detector did not look."""
        return tuple(
            Track(track_id=seen.track_id, box_xyxy=_predicted(seen, time_s), score=seen.score)
            for seen in self._seen
            if time_s - seen.time_s <= self._config.keep_s
        )

    def renumber(self, track_id: int) -> int:
        """Go on with a track under a new number: it shows somebody else by now."""
        self.given += 1
        for sighting in self._kept.values():
            if sighting.track_id == track_id:
                sighting.track_id = self.given
        return self.given

    def _sight(
        self, uuid: str, box: Float32[ndarray, " 4"], score: float, time_s: float
    ) -> _Sighting:
        before = self._kept.get(uuid)
        if before is None:
            self.given += 1
            sighting = _Sighting(self.given, box, np.zeros(2, np.float32), score, time_s)
        else:
            moved = (box[:2] + box[2:] - before.box_xyxy[:2] - before.box_xyxy[2:]) / 2
            elapsed_s = time_s - before.time_s
            velocity = moved / np.float32(elapsed_s) if elapsed_s > 0 else before.velocity
            sighting = _Sighting(before.track_id, box, velocity, score, time_s)
        self._kept[uuid] = sighting
        return sighting

    def _end_overdue(self, time_s: float) -> None:
        # ByteTrack matches first and ends tracks after that: one that it revives after the limit
        # must get a new number all the same
        for uuid, sighting in list(self._kept.items()):
            if time_s - sighting.time_s > self._config.keep_s:
                del self._kept[uuid]


def _predicted(seen: _Sighting, time_s: float) -> Float32[ndarray, " 4"]:
    ahead_s = min(time_s - seen.time_s, PREDICT_AT_MOST_S)
    box = seen.box_xyxy + np.tile(seen.velocity * np.float32(ahead_s), 2)
    box.setflags(write=False)
    return box


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)
