"""Two keypoint networks over the same frames: who is who, and what differs of them."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from calibration import decide
from engines.config import PerceptionConfig
from engines.models.store import ModelStore
from engines.perception.assignment import assign
from engines.perception.boxes import iou
from engines.perception.keypoints.difference import (
    Differences,
    PartDifference,
    RunningUnit,
    UnitOrigin,
)
from engines.perception.networks import open_networks
from engines.spec.frame import Frame
from engines.spec.observation import Observation, Scene
from engines.spec.timegrid import TimeGrid
from engines.spec.window import Window
from stream.comparison.reading_difference import ReadingDifference, ReadingDifferences, Said
from stream.comparison.side import Side
from stream.config import ReadingConfig
from stream.meter import EngineMeter
from stream.windows import Hop

MIN_IOU: Final = 0.3  # of two detectors' boxes of one person; one detector's are the same


@dataclass(frozen=True, slots=True, kw_only=True)
class ShoulderWidths:
    """The unit of the distances.

    Attributes:
        median_px: The median of the running widths; None if there were none.
        by_shoulders: Persons in frames measured by shoulders that were seen.
        by_eyes: Those measured by the distance of the eyes, as no shoulders were.
        unknown: Those without either, which count in no distance.
    """

    median_px: float | None
    by_shoulders: int
    by_eyes: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeypointComparison:
    """What a comparison found.

    Attributes:
        networks: The names of the two keypoint networks.
        frames: Frames that both looked at.
        persons: Persons in frames whom both saw, and of whom either found keypoints.
        only_first: Those whom only the first side saw.
        only_second: Those whom only the second saw.
        shoulder_widths: The unit.
        parts: The differences by part.
        readings: What the two read.
    """

    networks: tuple[str | None, str | None]
    frames: int
    persons: int
    only_first: int
    only_second: int
    shoulder_widths: ShoulderWidths
    parts: tuple[PartDifference, ...]
    readings: ReadingDifference


class KeypointContest:
    """Shows every frame to both sides, in turn; leaving its context closes the engines.

    Args:
        perceptions: How the two sides look.
        reading: Whom both watch, and when readings are due.
        store: Where the models are.
        still: True if the source is a single picture.

    Raises:
        SubfaceError: If a side cannot be opened.
    """

    def __init__(
        self,
        perceptions: tuple[PerceptionConfig, PerceptionConfig],
        reading: ReadingConfig,
        store: ModelStore,
        *,
        still: bool = False,
    ) -> None:
        store.require(dict.fromkeys(name for each in perceptions for name in each.models()))
        with ExitStack() as opened:
            first, second = (
                Side(
                    perception,
                    reading,
                    opened.enter_context(
                        open_networks(perception, store, EngineMeter(perception.runtime).open)
                    ),
                    still=still,
                )
                for perception in perceptions
            )
            self._engines = opened.pop_all()
        self._first, self._second = first, second
        self._min_s, self._grid = reading.surface_min_s, TimeGrid(reading.grid_hz)
        self._units: dict[int, RunningUnit] = {}
        self._namesakes: dict[str, str] = {}
        self._differences, self._readings = Differences(), ReadingDifferences()
        self._px: list[float] = []
        self._by: dict[UnitOrigin | None, int] = {"shoulders": 0, "eyes": 0, None: 0}
        self._frames = self._only_first = self._only_second = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._engines.close()

    def look(self, frame: Frame) -> None:
        """Show the next frame to both."""
        first, hop = self._first.look(frame)
        second, other_hop = self._second.look(frame)
        self._frames += 1
        self._compare(first, second)
        self._hear(hop, other_hop)

    def finish(self) -> KeypointComparison:
        """Return what was found, once all frames were shown."""
        self._hear(self._first.finish(), self._second.finish())
        return KeypointComparison(
            networks=(self._first.network, self._second.network),
            frames=self._frames,
            persons=sum(self._by.values()),
            only_first=self._only_first,
            only_second=self._only_second,
            shoulder_widths=ShoulderWidths(
                median_px=float(np.median(self._px)) if self._px else None,
                by_shoulders=self._by["shoulders"],
                by_eyes=self._by["eyes"],
                unknown=self._by[None],
            ),
            parts=self._differences.parts(),
            readings=self._readings.summary(),
        )

    def _compare(self, first: Scene, second: Scene) -> None:
        units: dict[int, RunningUnit] = {}
        for one, other in same_persons(first.observations, second.observations):
            points = None if one is None else one.keypoints
            others = None if other is None else other.keypoints
            if one is not None and other is not None:
                units[one.track_id] = self._units.get(one.track_id) or RunningUnit()
                if one.person_id is not None and other.person_id is not None:
                    self._namesakes[one.person_id] = other.person_id
                self._measure(units[one.track_id], points, others)
            elif points is not None:
                self._only_first += 1
                self._differences.add(points, None, None)
            elif others is not None:
                self._only_second += 1
                self._differences.add(None, others, None)
        self._units = units  # who is not seen begins anew, as the tracks of the networks do

    def _measure(
        self,
        running: RunningUnit,
        points: Float32[ndarray, "137 3"] | None,
        others: Float32[ndarray, "137 3"] | None,
    ) -> None:
        seen = [found for found in (points, others) if found is not None]
        if not seen:
            return  # not watched, or turned away: nobody looked for keypoints, or there are none
        unit = running.see(seen[0], seen[-1])
        self._by[None if unit is None else unit.origin] += 1
        if unit is not None:
            self._px.append(unit.px)
        self._differences.add(points, others, unit)

    def _hear(self, hop: Hop | None, other_hop: Hop | None) -> None:
        """Compare two hops; both sides saw the same frames, so that both are due at once."""
        said, others = self._said(hop), self._said(other_hop)
        for person, words in said.items():
            self._readings.add(words, others.pop(self._namesakes.get(person, person), None))
        for words in others.values():
            self._readings.add(None, words)

    def _said(self, hop: Hop | None) -> dict[str, Said]:
        windows = () if hop is None else hop.windows
        return {w.person_id: self._read(w) for w in windows if w.person_id is not None}

    def _read(self, window: Window) -> Said:
        surface, _ = decide.surface(window, min_s=self._min_s, grid=self._grid)
        return Said(surface=surface, keypoints=float(window.keypoints_valid.mean()))


def same_persons(
    first: Sequence[Observation], second: Sequence[Observation]
) -> list[tuple[Observation | None, Observation | None]]:
    """Pair the persons of two scenes of one frame by their boxes; who has no match stands alone."""
    shared = iou(_boxes(first), _boxes(second))
    columns = assign(np.where(shared >= MIN_IOU, 1 - shared, np.inf))
    pairs: list[tuple[Observation | None, Observation | None]] = [
        (one, None if column is None else second[column])
        for one, column in zip(first, columns, strict=True)
    ]
    return pairs + [(None, other) for k, other in enumerate(second) if k not in columns]


def _boxes(people: Sequence[Observation]) -> Float32[ndarray, "N 4"]:
    return np.array([person.box_xyxy for person in people], dtype=np.float32).reshape(-1, 4)
