"""The media clock of a source: timestamps of packets in, seconds that only grow out.

Picture and sound of a connection share one origin, the start of the container, so what was recorded
together has the same time. The clock goes on over every break: the first connection starts at 0, a
later one where the monotonic clock says that it should, and after a jump of the timestamps it
continues from the newest time. So ``time_s`` never runs backwards in the life of a source, and a
gap has both ends on one clock; that nothing may be laid over the break is what ``epoch`` says.

Nothing here reads a clock or touches a stream.
"""

from dataclasses import dataclass, field
from typing import Literal

Medium = Literal["video", "audio"]

JUMP_S = 10.0
"""A longer step forward is a new clock, not a pause: a live source in which nothing came for so
long would have been reopened."""
BACK_S = 0.5
"""A longer step back is a new clock; shorter ones are jitter of a bad muxer."""
LEFTOVER_S = 2.0
"""When one medium has jumped, the other follows within its interleaving. If it goes on for longer
with the old timestamps, its clock never jumped, and it is joined to the new epoch as it is."""
STEP_S = 2.0**-10
"""Items of a medium are at least so far apart (1 ms, exact in binary): time grows even where
timestamps repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where an item lies on the clock of its source.

    Attributes:
        epoch: The epoch it belongs to.
        time_s: When it starts.
        step_s: How far its timestamp lies from where the item before it ended; positive for a hole.
            0 for the first item of its medium in a connection.
        jumped: True if its timestamp does not follow from the one before it: for this medium, a
            new epoch starts here.
        leftover: True if it came with the timestamps from before a jump that the other medium has
            already made, or from before the end of the last epoch: part of the gap, not to be used.
    """

    epoch: int
    time_s: float
    step_s: float = 0.0
    jumped: bool = False
    leftover: bool = False


@dataclass(slots=True)
class _Track:
    """One medium; ``floor_s`` and ``end_s`` outlive the connection."""

    epoch: int = -1
    shift_s: float | None = None  # its own, where its clock is not the connection's
    next_pts_s: float | None = None
    last_s: float | None = None
    end_s: float | None = None
    floor_s: float | None = None  # where it ended in the epoch before
    leftover_s: float = 0.0


@dataclass(slots=True)
class Timeline:
    """Places the items of one source, connection after connection.

    Attributes:
        epoch: The newest epoch; -1 before the first connection.
        newest_s: Where the newest item of any medium ends.
    """

    epoch: int = -1
    newest_s: float = 0.0
    _resume_s: float = 0.0
    _start_pts_s: float | None = None
    _shift_s: float | None = None  # time_s = pts_s + shift_s
    _tracks: dict[Medium, _Track] = field(
        default_factory=lambda: {"video": _Track(), "audio": _Track()}
    )

    def connect(self, *, start_pts_s: float | None, resume_s: float) -> None:
        """Begin the epoch of a new connection.

        Args:
            start_pts_s: The timestamp at which the container says that it starts; None if it does
                not: then the first timestamp counts.
            resume_s: The time at which the epoch starts; raised to where the last one ended.
        """
        self._begin(max(resume_s, self.newest_s))
        self._start_pts_s = start_pts_s
        self._shift_s = None
        for track in self._tracks.values():
            _enter(track, self.epoch)
            track.next_pts_s = None

    def end_s(self, medium: Medium) -> float | None:
        """Return where the newest item of a medium ends; None if there was none."""
        return self._tracks[medium].end_s

    def place(self, medium: Medium, pts_s: float | None, duration_s: float) -> Placed:
        """Place the next item of a medium.

        Args:
            medium: Which of the two.
            pts_s: Its timestamp; None if it has none: it then follows the one before it.
            duration_s: How long it lasts, as far as is known; 0 if not.
        """
        track = self._tracks[medium]
        follows_s = track.next_pts_s
        if pts_s is None:
            pts_s = follows_s
        if pts_s is None:
            return self._place_untimed(track, duration_s)
        if follows_s is None:
            self._start(track, pts_s)
            return self._put(track, pts_s, duration_s)
        step_s = pts_s - follows_s
        jumped = step_s > JUMP_S or step_s < -(BACK_S + duration_s)
        if jumped:
            self._jump(track, pts_s)
        elif track.epoch != self.epoch and self._is_leftover(track, pts_s, duration_s):
            track.next_pts_s = pts_s + duration_s
            return Placed(epoch=track.epoch, time_s=track.end_s or 0.0, leftover=True)
        return self._put(track, pts_s, duration_s, step_s=step_s, jumped=jumped)

    def _begin(self, resume_s: float) -> None:
        self.epoch += 1
        self._resume_s = self.newest_s = resume_s

    def _place_untimed(self, track: _Track, duration_s: float) -> Placed:
        """Place an item before the first timestamp of its medium, as RTSP's first picture can be.

        It follows what is there; the first timestamp to come then tells where it lay.
        """
        time_s = self._resume_s if self._shift_s is None else self.newest_s
        if track.last_s is not None and track.end_s is not None:
            time_s = track.end_s
        return self._take(track, time_s, duration_s)

    def _start(self, track: _Track, pts_s: float) -> None:
        """Fix the origin by the first timestamp of a medium in a connection."""
        expected_s = self._resume_s if track.last_s is None else track.end_s or 0.0
        if self._shift_s is None:
            start = self._start_pts_s
            told = track.last_s is None and start is not None and abs(pts_s - start) <= JUMP_S
            self._shift_s = expected_s - (start if told and start is not None else pts_s)
        elif abs(pts_s + self._shift_s - self.newest_s) > JUMP_S:
            track.shift_s = self.newest_s - pts_s  # a clock of its own: only arrival relates them

    def _jump(self, track: _Track, pts_s: float) -> None:
        """Follow the other medium into the epoch that it began, or begin one."""
        fits = self._shift_s is not None and abs(pts_s + self._shift_s - self.newest_s) <= JUMP_S
        if track.epoch == self.epoch or not fits:
            self._begin(self.newest_s)
            self._shift_s = self._resume_s - pts_s
        _enter(track, self.epoch)

    def _is_leftover(self, track: _Track, pts_s: float, duration_s: float) -> bool:
        """Judge an item that goes on with the timestamps from before the other medium's jump."""
        track.leftover_s += max(duration_s, STEP_S)
        if track.leftover_s <= LEFTOVER_S:
            return True
        _enter(track, self.epoch)
        track.shift_s = self.newest_s - pts_s
        return False

    def _put(
        self,
        track: _Track,
        pts_s: float,
        duration_s: float,
        *,
        step_s: float = 0.0,
        jumped: bool = False,
    ) -> Placed:
        shift_s = track.shift_s if track.shift_s is not None else self._shift_s
        track.next_pts_s = pts_s + duration_s
        time_s = pts_s + (shift_s or 0.0)
        if track.floor_s is not None:
            if time_s < track.floor_s - STEP_S:
                return Placed(epoch=track.epoch, time_s=track.floor_s, leftover=True)
            time_s = max(time_s, track.floor_s)
        return self._take(track, time_s, duration_s, step_s=step_s, jumped=jumped)

    def _take(
        self,
        track: _Track,
        time_s: float,
        duration_s: float,
        *,
        step_s: float = 0.0,
        jumped: bool = False,
    ) -> Placed:
        if track.last_s is not None:
            time_s = max(time_s, track.last_s + STEP_S)
        track.last_s = time_s
        track.end_s = time_s + max(duration_s, STEP_S)
        self.newest_s = max(self.newest_s, track.end_s)
        return Placed(epoch=track.epoch, time_s=time_s, step_s=step_s, jumped=jumped)


def _enter(track: _Track, epoch: int) -> None:
    """Let a medium begin an epoch; what it had before becomes its floor."""
    track.epoch, track.shift_s, track.leftover_s = epoch, None, 0.0
    track.floor_s = track.end_s
    track.last_s = None
