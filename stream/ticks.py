"""Scenes laid on the time grid, one record for each watched person and tick, seen on it or not.

A tick is told when a frame of a later one has come, since of two frames on one tick the later
stands. It carries what was known at that frame's media time and nothing later: a file read fast, a
file read in real time and a live stream of it give the same ticks where they give the same frames.
"""

from collections.abc import Callable, Sequence

from engines.spec.observation import Observation, Scene
from engines.spec.tick import PersonTick
from engines.spec.timegrid import TimeGrid
from engines.spec.transcript import TextEvidence
from stream.config import ReadingConfig
from stream.spoken import Spoken
from stream.subject import SubjectRule

TextAsOf = Callable[[str | None, float], TextEvidence | None]
"""Returns what a person's newest words were, as known at a media time."""


def no_text(person_id: str | None, time_s: float) -> None:
    """Return that nothing was said."""


class Ticks:
    """Turns the scenes of one source into ticks.

    Args:
        config: Grid and subject.
        text: Asked for the words of whoever is watched.
    """

    def __init__(self, config: ReadingConfig, *, text: TextAsOf = no_text) -> None:
        self._grid = TimeGrid(config.grid_hz)
        self._subject = SubjectRule.of(config)
        self._text = text
        self._place: tuple[int, int] | None = None
        self._open: dict[str, PersonTick] = {}

    def add(self, scene: Scene, spoken: Sequence[Spoken] = ()) -> tuple[PersonTick, ...]:
        """Take one scene; return the tick that is thereby complete, for each watched person.

        Args:
            scene: Everyone in one analysed frame; scenes come in media order within an epoch.
            spoken: Who had spoken since the scene before.
        """
        for turn in spoken:
            self._subject.hear(turn.person_id, turn.seconds)
        self._subject.see(scene)
        tick = self._grid.tick(scene.time_s)
        complete: tuple[PersonTick, ...] = ()
        if (scene.epoch, tick) != self._place:
            complete, self._open = tuple(self._open.values()), {}
        self._place = scene.epoch, tick
        seen = {o.person_id: o for o in scene.observations}
        for person in self._subject.watched():
            # who was seen on a tick's first frame and missed on its second was seen on the tick
            if person in seen or person not in self._open:
                self._open[person] = self._person(scene, person, seen.get(person), tick)
        return complete

    def finish(self) -> tuple[PersonTick, ...]:
        """Return the last tick, which nothing came after."""
        complete, self._open = tuple(self._open.values()), {}
        return complete

    def _person(
        self, scene: Scene, person: str, observation: Observation | None, tick: int
    ) -> PersonTick:
        return PersonTick(
            source=scene.source,
            epoch=scene.epoch,
            shot=scene.shot,
            person_id=person,
            tick=tick,
            time_s=scene.time_s,
            keypoints=None if observation is None else observation.keypoints,
            appearance=None if observation is None else observation.appearance,
            expression=None if observation is None else observation.expression,
            text=self._text(person, scene.time_s),
        )
