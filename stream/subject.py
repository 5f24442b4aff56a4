"""The rule for who is being watched among those who are seen.

An interview has several faces and reverse shots. The subject is the person of the enrolment
picture; without one, the person whose face was seen longest, then the one seen longest. Once there
is speech, who speaks far more than that person is the subject: who asks is brief, who answers is
not. How long somebody was seen and heard is remembered over cuts, absences and breaks of the
stream, so the interviewer of a reverse shot does not inherit. Who is the subject stays it while
seen, so that the reading does not jump between two people of about equal time.
"""

from dataclasses import dataclass
from typing import Self

from engines.spec.observation import ENROLLED, Observation, Scene
from stream.config import ReadingConfig, Subject

LONGEST_STEP_S = 0.5  # a pause between two frames is credited to nobody beyond this
FAR_MORE = 2.0  # times the speech of whoever is the subject, and
FAR_MORE_S = 10.0  # so much more: longer than most questions
REMEMBERED = 256  # persons of a source; the one not seen for longest is forgotten first


@dataclass(slots=True)
class _Presence:
    face_s: float = 0.0
    seen_s: float = 0.0
    spoken_s: float = 0.0
    area_px: float = 0.0

    def rank(self) -> tuple[float, float, float]:
        return self.face_s, self.seen_s, self.area_px


class SubjectRule:
    """Keeps who was seen for how long in one source, and answers who is watched.

    Args:
        mode: ``main`` for one subject, ``all`` for everyone.
        hold_s: Someone not seen for so long is gone, until seen again.
        enrolled: Whether there is an enrolment picture: then its person is the subject, or nobody.
    """

    def __init__(self, mode: Subject, hold_s: float, *, enrolled: bool = False) -> None:
        self._mode = mode
        self._hold_s = hold_s
        self._enrolled = enrolled
        self._seen: dict[str, _Presence] = {}  # the one seen last stands last
        self._present: dict[str, float] = {}  # and when each was seen last
        self._subject: str | None = None
        self._last: tuple[int, float] | None = None

    @classmethod
    def of(cls, config: ReadingConfig) -> Self:
        """Return the rule that a profile states."""
        return cls(config.subject, config.hold_s, enrolled=config.enrol is not None)

    def see(self, scene: Scene) -> None:
        """Take one analysed frame into account; after an epoch's end nobody is there yet."""
        step_s = 0.0
        if self._last is not None and self._last[0] == scene.epoch:
            step_s = min(scene.time_s - self._last[1], LONGEST_STEP_S)
        elif self._last is not None:
            self._present.clear()
        self._last = scene.epoch, scene.time_s
        for observation in scene.observations:
            if observation.person_id is not None:
                self._credit(observation.person_id, observation, step_s)
        self._present = {
            person: newest_s
            for person, newest_s in self._present.items()
            if scene.time_s - newest_s <= self._hold_s
        }
        self._forget()

    def hear(self, person_id: str, seconds: float) -> None:
        """Take into account that somebody was heard to speak for so long."""
        if person_id in self._seen:  # and not forgotten since
            self._seen[person_id].spoken_s += seconds

    def watched(self) -> tuple[str, ...]:
        """Return the persons to read, the subject or the longest seen first."""
        ranked = sorted(self._present, key=self._rank, reverse=True)
        if self._mode == "all":
            return tuple(ranked)
        if self._enrolled:
            return (ENROLLED,) if ENROLLED in self._present else ()
        if self._subject not in self._present:
            self._subject = ranked[0] if ranked else None
        self._yield_to_a_face(ranked)
        self._yield_to_who_speaks_most()
        return () if self._subject is None else (self._subject,)

    def _yield_to_a_face(self, ranked: list[str]) -> None:
        # Whoever was never seen but from behind is no rival to a face that is there now.
        if self._subject is None or self._seen[self._subject].face_s > 0:
            return
        if self._seen[ranked[0]].face_s > 0:
            self._subject = ranked[0]

    def _yield_to_who_speaks_most(self) -> None:
        if self._subject is None:
            return
        spoken_s = self._seen[self._subject].spoken_s
        rival = max(self._present, key=lambda person: self._seen[person].spoken_s)
        rival_s = self._seen[rival].spoken_s
        if rival_s >= max(FAR_MORE * spoken_s, spoken_s + FAR_MORE_S):
            self._subject = rival

    def _credit(self, person: str, observation: Observation, step_s: float) -> None:
        if person in self._seen and person not in self._present:
            self._subject = None  # one who comes back may have been seen longer: choose anew
        presence = self._seen.pop(person, None) or _Presence()
        self._seen[person] = presence
        self._present[person] = observation.time_s
        presence.seen_s += step_s
        x0, y0, x1, y1 = observation.box_xyxy.tolist()
        presence.area_px = (x1 - x0) * (y1 - y0)
        if observation.face_xyxy is not None:
            presence.face_s += step_s

    def _rank(self, person: str) -> tuple[bool, tuple[float, float, float]]:
        return self._enrolled and person == ENROLLED, self._seen[person].rank()

    def _forget(self) -> None:
        gone = [person for person in self._seen if person not in self._present]
        for person in gone[: max(len(self._seen) - REMEMBERED, 0)]:
            del self._seen[person]
