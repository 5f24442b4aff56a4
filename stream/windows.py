"""The time grid filled per person, and the windows cut from it at every hop.

Observations fall on ticks by media time; a tick without one is masked, never filled. A hop is a
fixed step of media time: when a frame passes it, one window is cut for each watched person, or one
that says that nobody is watched, so that silence is never mistaken for health. A new epoch starts
from nothing: no window spans a break of the stream.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray

from calibration.fused import FusedAnswer
from engines.spec.labels import EXPRESSIONS
from engines.spec.observation import Observation, Scene
from engines.spec.skeleton import POINTS
from engines.spec.timegrid import TimeGrid
from engines.spec.window import Window
from stream.config import ReadingConfig
from stream.spoken import Spoken
from stream.subject import SubjectRule
from stream.ticks import TextAsOf, no_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """The windows cut at one hop: one for each watched person, or one for nobody.

    Attributes:
        windows: As above.
        answers: What the network says of each person, by name; none where there is no network.
    """

    windows: tuple[Window, ...]
    answers: Mapping[str, FusedAnswer] = field(default_factory=dict)


@dataclass(slots=True)
class _Seen:
    """One analysed frame, placed on the grid."""

    tick: int
    scene: Scene
    perceived_s: float


class WindowCutter:
    """Turns the scenes of one source into hops.

    Args:
        config: Grid, hop, window, subject.
        still: True if the source is a single picture, whose one frame makes a reading.
        text: Asked for the words of whoever is watched.
    """

    def __init__(
        self, config: ReadingConfig, *, still: bool = False, text: TextAsOf = no_text
    ) -> None:
        self._grid = TimeGrid(config.grid_hz)
        self._ticks = self._grid.ticks_in(config.surface_window_s)
        self._hop_s = config.hop_s
        self._still = still
        self._text = text
        self._subject = SubjectRule.of(config)
        self._seen: deque[_Seen] = deque()
        self._next_s: float | None = None

    def add(self, scene: Scene, perceived_s: float, spoken: Sequence[Spoken] = ()) -> Hop | None:
        """Take one scene; return the hop that it completes, if it does.

        Args:
            scene: Everyone in one analysed frame; scenes come in media order within an epoch.
            perceived_s: Monotonic time at which it had been perceived.
            spoken: Who had spoken since the scene before.
        """
        for turn in spoken:
            self._subject.hear(turn.person_id, turn.seconds)
        if self._seen and self._seen[-1].scene.epoch != scene.epoch:
            self._seen.clear()
            self._next_s = None
        self._subject.see(scene)
        self._seen.append(_Seen(self._grid.tick(scene.time_s), scene, perceived_s))
        while self._seen[0].tick <= self._seen[-1].tick - self._ticks:
            self._seen.popleft()
        if self._next_s is None:
            self._next_s = scene.time_s + self._hop_s
        if scene.time_s < self._next_s:
            return None
        # After a pause of the stream one hop is due, not all those that were missed.
        missed = int((scene.time_s - self._next_s) / self._hop_s)
        self._next_s += (missed + 1) * self._hop_s
        return self._cut()

    def finish(self) -> Hop | None:
        """Return the hop of what came after the last one, if anything did."""
        if not self._seen or self._next_s is None:
            return None
        newest_s = self._seen[-1].scene.time_s
        since_s = newest_s - (self._next_s - self._hop_s)
        if since_s <= 0 and not self._still:
            return None
        return self._cut()

    def _cut(self) -> Hop:
        watched = self._subject.watched()
        return Hop(windows=tuple(self._window(person) for person in watched or (None,)))

    def _window(self, person: str | None) -> Window:
        newest = self._seen[-1]
        first = self._seen[0].tick
        count = newest.tick - first + 1
        analysed = np.zeros(count, dtype=np.bool_)
        observations: dict[int, Observation] = {}
        for seen in self._seen:
            analysed[seen.tick - first] = True
            observation = _of(seen.scene, person)
            if observation is not None:
                # Of two frames on one tick the later one stands: it is the more recent truth.
                observations[seen.tick - first] = observation
        analysed.flags.writeable = False
        expressions = {t: o.expression for t, o in observations.items()}
        expression, expression_valid = _laid_out(expressions, count, (len(EXPRESSIONS),))
        points = {t: o.keypoints for t, o in observations.items()}
        keypoints, keypoints_valid = _laid_out(points, count, (POINTS, 3))
        faces_s = [o.time_s for o in observations.values() if o.expression is not None]
        return Window(
            source=newest.scene.source,
            epoch=newest.scene.epoch,
            shot=newest.scene.shot,
            person_id=person,
            track_id=next((o.track_id for o in reversed(observations.values())), None),
            start_s=self._grid.start_s(first),
            end_s=self._grid.start_s(newest.tick + 1),
            newest_s=newest.scene.time_s,
            analysed=analysed,
            expression=expression,
            expression_valid=expression_valid,
            keypoints=keypoints,
            keypoints_valid=keypoints_valid,
            face_newest_s=max(faces_s, default=None),
            text=self._text(person, newest.scene.time_s),
            captured_at=newest.scene.captured_at,
            arrived_s=newest.scene.arrived_s,
            perceived_s=newest.perceived_s,
            still=self._still,
        )


def _laid_out(
    rows: Mapping[int, Float32[ndarray, "..."] | None], count: int, shape: tuple[int, ...]
) -> tuple[Float32[ndarray, "T ..."], Bool[ndarray, " T"]]:
    """Lay rows on the ticks of a window; return them, zero where there is none, and the mask."""
    laid = np.zeros((count, *shape), np.float32)
    valid = np.zeros(count, dtype=np.bool_)
    for place, row in rows.items():
        if row is not None:
            laid[place] = row
            valid[place] = True
    laid.flags.writeable = valid.flags.writeable = False
    return laid, valid


def _of(scene: Scene, person: str | None) -> Observation | None:
    if person is None:
        return None  # nobody is watched, which is not somebody whom nobody knows yet
    return next((o for o in scene.observations if o.person_id == person), None)
