"""Those who are watched in one source, followed from scene to scene and read at every hop.

Scenes are laid on the time grid; each tick goes to whoever takes ticks, and through the network,
one step a person. Stepping comes before the channel on which readings may be dropped: a reading
that is late is let go, what it rests on never.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from calibration.fused import FusedAnswer
from engines.sequence.interview import InterviewEngines
from engines.sequence.person import PersonEvidence, PersonState
from engines.spec.observation import Scene
from engines.spec.tick import PersonTick
from stream.network import OpenNetwork
from stream.neutral import Neutrals
from stream.spoken import Spoken
from stream.ticks import Ticks
from stream.windows import Hop

OnTicks = Callable[[str, tuple[PersonTick, ...]], None]
"""Told the source's name and the ticks that are complete."""

PERSONS: Final = 8
"""So many states are kept in a source, of those watched last; each holds some megabytes."""


class Following:
    """Follows the persons of one source.

    Args:
        source: Its name.
        ticks: Lays scenes on the grid.
        network: Steps, reads and decides; None where there is none.
        still: Whether the source is a single picture.
        on_ticks: Takes the ticks; None if nobody does.
    """

    def __init__(
        self,
        source: str,
        *,
        ticks: Ticks,
        network: OpenNetwork | None = None,
        still: bool = False,
        on_ticks: OnTicks | None = None,
    ) -> None:
        self._source = source
        self._ticks = ticks
        self._network = network
        self._still = still
        self._on_ticks = on_ticks
        self._neutrals = Neutrals(None if network is None else network.network.baseline)
        self._epoch: int | None = None
        self._persons: dict[str, PersonState] = {}  # the one watched last stands last

    async def take(self, scene: Scene, spoken: Sequence[Spoken]) -> None:
        """Take one scene, and who had spoken since the one before."""
        await self._follow(self._ticks.add(scene, spoken))

    async def finish(self) -> None:
        """Take the last tick, which nothing came after."""
        await self._follow(self._ticks.finish())

    async def read(self, hop: Hop) -> Hop:
        """Return a hop with what the network says of each person in it."""
        if self._network is None:
            return hop
        answers: dict[str, FusedAnswer] = {}
        for window in hop.windows:
            name = window.person_id
            if name is None:
                continue
            # by the state's own clock: nothing of an epoch is read in the next
            person = self._persons.get(name) if window.epoch == self._epoch else None
            evidence = (
                None
                if person is None
                else await self._network.worker.call(_read, person, window.newest_s)
            )
            rule = self._network.network.rule
            answers[name] = rule.decide(evidence, self._neutrals.of(name))
            self._neutrals.learn(name, answers[name], window.newest_s)
        return replace(hop, answers=answers)

    async def _follow(self, ticks: tuple[PersonTick, ...]) -> None:
        if ticks and self._on_ticks is not None:
            self._on_ticks(self._source, ticks)
        if ticks and self._network is not None:
            await self._network.worker.call(self._step, ticks)

    def _step(self, engines: InterviewEngines, ticks: tuple[PersonTick, ...]) -> None:
        for tick in ticks:
            if tick.epoch != self._epoch:
                self._persons.clear()
                self._epoch = tick.epoch
            person = self._persons.pop(tick.person_id, None)
            self._persons[tick.person_id] = person or PersonState(engines, still=self._still)
            self._persons[tick.person_id].step(tick)
        while len(self._persons) > PERSONS:
            del self._persons[next(iter(self._persons))]


def _read(_engines: InterviewEngines, person: PersonState, time_s: float) -> PersonEvidence:
    return person.read(time_s)
