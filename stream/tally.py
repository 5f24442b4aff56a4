"""The running account of one source: what came, what was analysed, what was read."""

from typing import Any

from engines.spec.frame import Frame, Sound
from engines.spec.transcript import Utterance
from stream.channel import Channel
from stream.meter import Recent
from stream.records import EdgeCount, SourceSummary, SpeechSummary
from stream.transcript.listener_count import ListenerCount


class Tally:
    """Counts of one source over its whole run, restarts included.

    Args:
        source: The name of the source.
        started_s: Monotonic time at which it was started.
    """

    def __init__(self, source: str, started_s: float) -> None:
        self._source = source
        self._started_s = started_s
        self._epochs: int = 0
        self._newest: tuple[int, int] | None = None
        self._shots = 0
        self._time_s: float | None = None
        self._media_s = 0.0
        self._frames = 0
        self._sound_s = 0.0
        self._sound_epochs = 0
        self._sound_epoch: int | None = None
        self._edges: list[Channel[Any]] = []
        self.analysed = 0
        self.readings = 0
        self.with_surface = 0
        self.with_fused = 0
        self.gaps = 0
        self.total_ms = Recent()
        self.listening: ListenerCount | None = None  # shared by all listeners of the source
        self._words_of_subject = 0
        self._delay_s = Recent()

    def watch(self, *channels: Channel[Any]) -> None:
        """Include the channels of a (re)start in the account."""
        self._edges.extend(channels)

    def frame(self, frame: Frame) -> None:
        """Count one decoded frame."""
        self._frames += 1
        epoch, shot = self._newest or (None, None)
        if epoch != frame.epoch:
            self._epochs += 1
            self._time_s = None
        if shot != frame.shot:
            self._shots += 1
        if self._time_s is not None:
            self._media_s += frame.time_s - self._time_s
        self._time_s = frame.time_s
        self._newest = frame.epoch, frame.shot

    def sound(self, sound: Sound, rate_hz: int) -> None:
        """Count one stretch of sound."""
        if not sound.channel:  # the other channels of the same time are not more of it
            self._sound_s += len(sound.samples) / rate_hz
        if sound.epoch != self._sound_epoch:
            self._sound_epochs += 1
            self._sound_epoch = sound.epoch

    def utterance(self, utterance: Utterance) -> None:
        """Count one final utterance."""
        if utterance.speaker == "subject":
            self._words_of_subject += len(utterance.words)
        for word in utterance.words:
            self._delay_s.add((word.available_s or utterance.available_s) - word.end_s)

    def summary(self, outcome: str, now_s: float) -> SourceSummary:
        """Return the account, closed."""
        return SourceSummary(
            source=self._source,
            outcome=outcome,
            media_s=round(self._media_s if self._frames else self._sound_s, 3),
            wall_s=round(now_s - self._started_s, 3),
            epochs=self._epochs or self._sound_epochs,
            shots=self._shots,
            frames_decoded=self._frames,
            frames_analysed=self.analysed,
            sound_s=round(self._sound_s, 3),
            readings=self.readings,
            readings_with_surface=self.with_surface,
            readings_with_fused=self.with_fused,
            gaps=self.gaps,
            edges=self._counts(),
            total_ms=self.total_ms.quantiles(),
            speech=None if self.listening is None else self._speech(self.listening),
        )

    def _speech(self, listening: ListenerCount) -> SpeechSummary:
        return SpeechSummary(
            utterances=listening.utterances,
            words=listening.words,
            words_of_subject=self._words_of_subject,
            passes=listening.passes,
            skipped_s=round(listening.skipped_s, 3),
            switches=listening.policy_changes,
            delay_s=self._delay_s.quantiles(),
        )

    def _counts(self) -> tuple[EdgeCount, ...]:
        merged: dict[str, EdgeCount] = {}
        for channel in self._edges:
            count = channel.count
            before = merged.get(count.edge)
            merged[count.edge] = count if before is None else _add(before, count)
        return tuple(merged.values())


def _add(a: EdgeCount, b: EdgeCount) -> EdgeCount:
    reasons = a.drops.keys() | b.drops.keys()
    return EdgeCount(
        edge=a.edge,
        received=a.received + b.received,
        delivered=a.delivered + b.delivered,
        drops={r: a.drops.get(r, 0) + b.drops.get(r, 0) for r in sorted(reasons)},
    )
