"""What came out of the connections of a source, as its frames, its sound and its gaps.

This outlives a connection: it counts frames and shots, keeps the media clock, and tells what was
lost between one picture and the next. It runs in the thread that decodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import av

from engines.spec.frame import Frame, Gap, GapReason, Sound
from stream.config import ShotConfig
from stream.source.decode import Decoded, Picture, RawSound
from stream.source.shots import ShotDetector
from stream.source.sound import SLACK_S, SoundTrack, Stretch
from stream.source.spec import Item
from stream.source.timeline import Medium, Placed, Timeline

HOLE_S = 1.0
"""Pictures that are missing for longer are told; shorter holes are slow motion of the encoder, or
single losses that the time of the next frame shows."""
CUT_OFF_S = 1.0
"""A film that ends so long before its own end was cut off; less is rounding."""


@dataclass(slots=True)
class _Last:
    """The newest item of a medium."""

    epoch: int
    end_s: float  # media time
    end_arrived_s: float  # monotonic clock: when it arrived, and how long it lasts


class Assembler:
    """Turns decoded pictures and sound into the items of one source.

    Args:
        source: Its name.
        shots: When a change of the picture is a cut.
    """

    def __init__(self, source: str, shots: ShotConfig) -> None:
        self._source = source
        self._timeline = Timeline()
        self._shots = ShotDetector(shots)
        self._sound = SoundTrack()
        self._last: dict[Medium, _Last] = {}
        self._broke: GapReason = "disconnected"
        self._by_clock = False
        self._connection_epoch = 0
        self._index = 0
        self._shot = 0

    def connect(
        self, *, start_pts_s: float | None, arrived_s: float, by_clock: bool, apart: bool = False
    ) -> None:
        """Begin the epoch of a new connection.

        Args:
            start_pts_s: The timestamp at which the container says that it starts. It counts for
                the first connection alone: a later one goes on when its first item arrives.
            arrived_s: When its first item arrived, by the monotonic clock.
            by_clock: True if losses are measured by the monotonic clock, as of a source that comes
                at the speed of life; False for media time.
            apart: True if the two channels of its sound have a voice each.
        """
        if self._last:
            newest_arrived_s = max(last.end_arrived_s for last in self._last.values())
            lost_s = max(arrived_s - newest_arrived_s, 0.0)
            self._timeline.connect(start_pts_s=None, resume_s=self._timeline.newest_s + lost_s)
        else:
            self._timeline.connect(start_pts_s=start_pts_s, resume_s=0.0)
        self._connection_epoch = self._timeline.epoch
        self._by_clock = by_clock
        self._sound.flush()  # the rest of a connection that broke is a few samples
        self._sound.apart = apart

    def broke(self, reason: Literal["disconnected", "stalled"]) -> None:
        """Say why the connection ended: what is lost until the next one is lost for this."""
        self._broke = reason

    def assemble(self, decoded: Sequence[Decoded]) -> list[Item]:
        """Return the items that decoded pictures and sound make."""
        out: list[Item] = []
        for item in decoded:
            out += self._picture(item) if isinstance(item, Picture) else self._sound_of(item)
        return out

    def finish(
        self, *, film_end_s: float | None, now_s: float, watched: Medium = "video"
    ) -> list[Item]:
        """Return what was held back at the end, and the gap of a film that was cut off.

        Args:
            film_end_s: Where the film should have ended, from its start; None if it does not say.
            now_s: The monotonic clock.
            watched: The medium whose end is the end of the film.
        """
        out = self._rest_of_sound(now_s)
        last = self._last.get(watched)
        # After a jump of the timestamps the two ends are not on one clock.
        if film_end_s is None or last is None or last.epoch != 0:
            return out
        if film_end_s - self._timeline.newest_s > CUT_OFF_S:
            out.append(
                Gap(
                    source=self._source,
                    epoch=last.epoch,
                    medium=watched,
                    reason="corrupt",
                    start_s=last.end_s,
                    end_s=film_end_s,
                    lost_s=film_end_s - last.end_s,
                )
            )
        return out

    def _picture(self, picture: Picture) -> list[Item]:
        placed = self._timeline.place("video", picture.pts_s, picture.duration_s)
        if placed.leftover:
            return []
        out: list[Item] = []
        reason = self._why_missing("video", placed, HOLE_S, after_damage=picture.after_damage)
        if reason is not None:
            out.append(self._gap("video", placed, reason, picture.arrived_s))
        if self._begins_epoch("video", placed):
            self._shots.forget()
        if self._shots.is_cut(picture.image, placed.time_s):
            self._shot += 1
        frame = Frame(
            source=self._source,
            epoch=placed.epoch,
            shot=self._shot,
            index=self._index,
            time_s=placed.time_s,
            captured_at=picture.captured_at,
            arrived_s=picture.arrived_s,
            image=picture.image,
        )
        self._index += 1
        self._note("video", placed, picture.duration_s, picture.arrived_s)
        return [*out, frame]

    def _sound_of(self, sound: RawSound) -> list[Item]:
        duration_s = sound.frame.samples / sound.frame.sample_rate
        placed = self._timeline.place("audio", sound.pts_s, duration_s)
        if placed.leftover:
            return []
        out: list[Item] = []
        reason = self._why_missing("audio", placed, SLACK_S, after_damage=False)
        if reason is not None:
            out += self._rest_of_sound(sound.arrived_s)
            out.append(self._gap("audio", placed, reason, sound.arrived_s))
        try:
            stretches = self._sound.add(sound.frame, placed.time_s)
        except (av.FFmpegError, ValueError):
            return out  # a layout that cannot be mixed down: the next hole tells what was lost
        self._note("audio", placed, duration_s, sound.arrived_s)
        return out + self._sounds(stretches, placed.epoch, sound.arrived_s)

    def _rest_of_sound(self, arrived_s: float) -> list[Item]:
        last = self._last.get("audio")
        return self._sounds(self._sound.flush(), last.epoch, arrived_s) if last else []

    def _sounds(self, stretches: list[Stretch], epoch: int, arrived_s: float) -> list[Item]:
        return [
            Sound(
                source=self._source,
                epoch=epoch,
                time_s=stretch.time_s,
                arrived_s=arrived_s,
                samples=stretch.samples,
                channel=stretch.channel,
            )
            for stretch in stretches
        ]

    def _why_missing(
        self, medium: Medium, placed: Placed, hole_s: float, *, after_damage: bool
    ) -> GapReason | None:
        """Return why something is missing before an item; None if nothing is."""
        last = self._last.get(medium)
        if last is None:
            return None
        if last.epoch < self._connection_epoch:
            return self._broke
        if last.epoch != placed.epoch:
            return "timestamp_jump"
        if placed.step_s <= hole_s:
            return None
        return "corrupt" if after_damage else "missing"

    def _gap(self, medium: Medium, placed: Placed, reason: GapReason, arrived_s: float) -> Gap:
        last = self._last[medium]
        on_one_clock = last.epoch == placed.epoch
        by_clock = last.epoch < self._connection_epoch or (self._by_clock and not on_one_clock)
        lost_s = arrived_s - last.end_arrived_s if by_clock else placed.step_s
        return Gap(
            source=self._source,
            epoch=placed.epoch,
            medium=medium,
            reason=reason,
            start_s=last.end_s,
            end_s=placed.time_s,
            lost_s=max(lost_s, 0.0),
        )

    def _begins_epoch(self, medium: Medium, placed: Placed) -> bool:
        last = self._last.get(medium)
        return last is not None and last.epoch != placed.epoch

    def _note(self, medium: Medium, placed: Placed, duration_s: float, arrived_s: float) -> None:
        self._last[medium] = _Last(
            epoch=placed.epoch,
            end_s=placed.time_s + duration_s,
            end_arrived_s=arrived_s + duration_s,
        )
