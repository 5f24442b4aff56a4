"""The rule for who is being watched among those who are seen.

An interview has several faces and reverse shots. The subject is the person whose face was seen
longest, then the one seen longest; and who is the subject stays it while seen, so that the reading
does not jump between two people of about equal time.
"""

from dataclasses import dataclass

from engines.spec.observation import Observation, Scene
from stream.config import Subject

LONGEST_STEP_S = 0.5  # a pause between two frames is credited to nobody beyond this


@dataclass(slots=True)
class _Presence:
    face_s: float = 0.0
    seen_s: float = 0.0
    area_px: float = 0.0
    newest_s: float = 0.0

    def rank(self) -> tuple[float, float, float]:
        return self.face_s, self.seen_s, self.area_px


class SubjectRule:
    """Keeps who was seen for how long in one source, and answers who is watched.

    Args:
        mode: ``main`` for one subject, ``all`` for everyone.
        hold_s: Someone not seen for so long is gone, and forgotten.
    """

    def __init__(self, mode: Subject, hold_s: float) -> None:
        self._mode = mode
        self._hold_s = hold_s
        self._present: dict[str, _Presence] = {}
        self._subject: str | None = None
        self._last: tuple[int, float] | None = None

    def see(self, scene: Scene) -> None:
        """Take one analysed frame into account; an epoch's end forgets everyone."""
        step_s = 0.0
        if self._last is not None and self._last[0] == scene.epoch:
            step_s = min(scene.time_s - self._last[1], LONGEST_STEP_S)
        elif self._last is not None:
            self._present.clear()
            self._subject = None
        self._last = scene.epoch, scene.time_s
        for observation in scene.observations:
            self._credit(observation, step_s)
        self._present = {
            person: presence
            for person, presence in self._present.items()
            if scene.time_s - presence.newest_s <= self._hold_s
        }

    def watched(self) -> tuple[str, ...]:
        """Return the persons to read, the subject or the longest seen first."""
        ranked = sorted(self._present, key=lambda p: self._present[p].rank(), reverse=True)
        if self._mode == "all":
            return tuple(ranked)
        if self._subject not in self._present:
            self._subject = ranked[0] if ranked else None
        self._yield_to_a_face(ranked)
        return () if self._subject is None else (self._subject,)

    def _yield_to_a_face(self, ranked: list[str]) -> None:
        # Whoever was never seen but from behind is no rival to a face that is there now.
        if self._subject is None or self._present[self._subject].face_s > 0:
            return
        if self._present[ranked[0]].face_s > 0:
            self._subject = ranked[0]

    def _credit(self, observation: Observation, step_s: float) -> None:
        presence = self._present.setdefault(observation.person_id, _Presence())
        presence.seen_s += step_s
        presence.newest_s = observation.time_s
        x0, y0, x1, y1 = observation.box_xyxy.tolist()
        presence.area_px = (x1 - x0) * (y1 - y0)
        if observation.face_xyxy is not None:
            presence.face_s += step_s
