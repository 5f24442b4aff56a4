"""The people of one source: which track is whom.

A track gets its person once and keeps it: readings must not flap. Until then it has none, which
masks it, like any other gap; where the face is known, or nobody else is, that takes a single
frame. What can still go wrong under way (two people pass each other and the tracker mixes them up,
a cut goes unnoticed) is found by looking at the face again now and then: the track is then ended
as a stranger's, and a new one begins.
"""

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from engines.config import IdentityConfig
from engines.perception.identity.decision import Verdict, decide
from engines.perception.identity.descriptor import Descriptor, middle
from engines.perception.identity.gallery import Gallery, Likeness
from engines.spec.observation import ENROLLED

SPACING_S: Final = 0.1  # between two faces that a decision rests on: neighbours are one picture
AWAY_S: Final = 0.3  # a face that was away for longer may be another's
CONFIRMED: Final = 2  # faces that must say that a track has become another known person
ESTRANGED: Final = 8  # ... or nobody known: a hand before the face may look so for a while
FORGET_S: Final = 10.0  # a track not seen for so long is over; every tracker ends it sooner
_ROUNDING_S: Final = 0.005  # of media time


@dataclass(frozen=True, slots=True)
class Identified:
    """Who the tracks of one frame are.

    Attributes:
        persons: Each track's ``person_id``; None where that is not decided yet.
        strangers: Tracks that are not who they were: they end here, under another number.
    """

    persons: dict[int, str | None]
    strangers: tuple[int, ...]


@dataclass(slots=True)
class _Track:
    since_s: float
    person_id: str | None = None
    settled: bool = False  # False: undecided, or a person so far without a face
    descriptors: list[Descriptor] = field(default_factory=list)  # until settled
    first_face_s: float | None = None
    face_s: float = -math.inf  # when a face was last there
    looked_s: float = -math.inf  # when it was last looked at
    newest_s: float = -math.inf
    doubts: int = 0


class People:
    """Gives every track of one source its person.

    Args:
        config: Thresholds, times, bounds.
        enrolled: How the person of the enrolment picture looks, who is ``ENROLLED`` when seen.
        given: The newest number that was given before, by those whose place these take.

    Attributes:
        given: The newest number that was given.
    """

    def __init__(
        self, config: IdentityConfig, enrolled: Descriptor | None = None, *, given: int = 0
    ) -> None:
        self._config = config
        self._gallery = Gallery(config.max_persons)
        self._tracks: dict[int, _Track] = {}
        self.given = given
        if enrolled is not None:
            self._gallery.admit(ENROLLED, enrolled, enrolled=True)

    def restart(self) -> None:
        """Forget the tracks, at a cut or a break; the people stay known."""
        self._tracks.clear()

    def identify(
        self,
        track_ids: Collection[int],
        time_s: float,
        *,
        faces: Collection[int],
        describe: Callable[[int], Descriptor] | None,
    ) -> Identified:
        """Say who is in a frame; no person is given to two tracks of it.

        Args:
            track_ids: The tracks in the frame.
            time_s: Media time; grows from frame to frame until a restart.
            faces: Those whose face is large enough to be known by.
            describe: Looks at one of these; it is asked for few of them. None if nothing can: then
                every track is a person of its own.
        """
        for track_id in track_ids:
            self._tracks.setdefault(track_id, _Track(since_s=time_s)).newest_s = time_s
        strangers = self._doubles(track_ids)
        if describe is not None:
            at = [track_id for track_id in faces if track_id not in strangers]
            strangers |= {track_id for track_id in at if self._look(track_id, time_s, describe)}
        strangers |= self._decide([t for t in track_ids if t not in strangers], time_s)
        for track_id in strangers:
            del self._tracks[track_id]
        persons = {
            track_id: self._tracks[track_id].person_id if track_id in self._tracks else None
            for track_id in track_ids
        }
        here = [person for person in persons.values() if person is not None]
        self._gallery.meet([person for person in here if person in self._gallery])
        self._forget(time_s)
        return Identified(persons, tuple(strangers))

    def _doubles(self, track_ids: Iterable[int]) -> set[int]:
        """Return tracks whose person is another's by now: they came back after they were lost."""
        holders: dict[str, int] = {}
        doubles: set[int] = set()
        by_look = sorted(track_ids, key=lambda t: self._tracks[t].looked_s, reverse=True)
        for track_id in by_look:
            person = self._tracks[track_id].person_id
            if person is not None and holders.setdefault(person, track_id) != track_id:
                doubles.add(track_id)
        return doubles

    def _look(self, track_id: int, time_s: float, describe: Callable[[int], Descriptor]) -> bool:
        """Look at a face if it is time to; return whether the track is somebody else's."""
        track = self._tracks[track_id]
        was_away = time_s - track.face_s > AWAY_S
        track.face_s = time_s
        hurry = not track.settled or track.doubts > 0
        pause_s = SPACING_S if hurry else self._config.refresh_s
        if not was_away and time_s - track.looked_s < pause_s - _ROUNDING_S:
            return False
        track.looked_s = time_s
        descriptor = describe(track_id)
        if track.settled and track.person_id is not None:
            return self._is_estranged(track, track.person_id, descriptor)
        track.descriptors.append(descriptor)
        if track.first_face_s is None:
            track.first_face_s = time_s
        return False

    def _is_estranged(self, track: _Track, person_id: str, descriptor: Descriptor) -> bool:
        if person_id not in self._gallery:  # made room for others while it was here
            self._gallery.admit(person_id, descriptor)
        likenesses = self._gallery.likenesses(descriptor)
        own = next(likeness for likeness in likenesses if likeness.person_id == person_id)
        if own.face <= self._config.near:
            self._gallery.learn(person_id, descriptor)
        if own.face <= self._config.far:
            track.doubts = 0
            return False
        track.doubts += 1
        likest = likenesses[0]
        is_another = (
            likest.face <= self._config.near and own.face - likest.face >= self._config.margin
        )
        if is_another:
            self._suspect(likest.person_id)
        return track.doubts >= (CONFIRMED if is_another else ESTRANGED)

    def _suspect(self, person_id: str) -> None:
        """Have whoever bears this name looked at next: where one is mixed up, another is."""
        for track in self._tracks.values():
            if track.person_id == person_id and not track.doubts:
                track.looked_s = -math.inf

    def _decide(self, track_ids: Collection[int], time_s: float) -> set[int]:
        """Give undecided tracks their persons; return those that turned out to be another."""
        taken = {person for t in track_ids if (person := self._tracks[t].person_id) is not None}
        # against those known before this frame: people who appear together are not compared
        pending = [(t, self._likenesses(t)) for t in track_ids if not self._tracks[t].settled]
        nobody_known = not len(self._gallery)
        turned_out = set()
        for track_id, likenesses in sorted(pending, key=lambda item: _nearest(item[1])):
            track = self._tracks[track_id]
            verdict = decide(
                likenesses,
                taken=taken,
                faces=len(track.descriptors),
                waited=self._waited(track, time_s, nobody_known=nobody_known),
                alike=self._alike,
                config=self._config,
            )
            if isinstance(verdict, str) and track.person_id is not None:
                turned_out.add(track_id)
            elif verdict is not Verdict.WAIT:
                taken.add(self._settle(track, verdict, likenesses, taken))
        return turned_out

    def _settle(
        self,
        track: _Track,
        verdict: str | Verdict,
        likenesses: Iterable[Likeness],
        taken: Collection[str],
    ) -> str:
        person_id = track.person_id
        if isinstance(verdict, str):
            person_id = self._folded(verdict, likenesses, taken)
        elif person_id is None:
            self.given += 1
            person_id = f"p{self.given}"
        track.person_id = person_id
        for descriptor in track.descriptors:
            if person_id in self._gallery:
                self._gallery.learn(person_id, descriptor)
            else:
                self._gallery.admit(person_id, descriptor)
        track.settled = bool(track.descriptors)
        track.descriptors.clear()
        return person_id

    def _folded(self, best: str, likenesses: Iterable[Likeness], taken: Collection[str]) -> str:
        """Join the best with others who look the same, under the oldest id of them."""
        same = [
            likeness.person_id
            for likeness in likenesses
            if likeness.face <= self._config.near
            and likeness.person_id not in taken
            and likeness.person_id in self._gallery
            and (likeness.person_id == best or self._alike(best, likeness.person_id))
        ]
        oldest, *others = self._gallery.by_age({best, *same})
        for other in others:
            self._gallery.fold(other, into=oldest)
        return oldest

    def _alike(self, one: str, other: str) -> bool:
        return (
            one in self._gallery
            and other in self._gallery
            and not self._gallery.met(one, other)
            and self._gallery.apart(one, other) <= self._config.near
        )

    def _likenesses(self, track_id: int) -> list[Likeness]:
        descriptors = self._tracks[track_id].descriptors
        return self._gallery.likenesses(middle(descriptors)) if descriptors else []

    def _waited(self, track: _Track, time_s: float, *, nobody_known: bool) -> bool:
        if nobody_known:
            return True  # whom should it wait to resemble
        since_s = track.since_s if track.first_face_s is None else track.first_face_s
        return time_s - since_s >= self._config.wait_s - _ROUNDING_S

    def _forget(self, time_s: float) -> None:
        for track_id in [t for t, k in self._tracks.items() if time_s - k.newest_s > FORGET_S]:
            del self._tracks[track_id]


def _nearest(likenesses: list[Likeness]) -> float:
    return likenesses[0].face if likenesses else math.inf
