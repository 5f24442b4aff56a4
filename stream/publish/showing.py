"""When each cue of a caption file is shown: on the media's clock, and not before the one above it.

Where an utterance begins before the one before it ended, it is shown after it, and where the clock
began again (a source that was restarted) the captions go on. Two who are heard in channels of their
own are shown at once; but what one said in half a minute may become known after a word that the
other threw in, so their cues wait as long as one that begins earlier may come.
"""

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from stream.publish.cues import Cue, cues_of
from stream.records import Transcript

LEAST_MS: Final = 500
"""A cue stands so long at least: a single word is over before it can be read."""
WAIT_MS: Final = 30_000
"""An utterance is no longer, the silence included that ends it: no more is recognised at once."""
MS_PER_S: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCue:
    """A cue in its place.

    Attributes:
        start_ms: In the time of the file.
        end_ms: After it by 1 at least.
        lines: One or two.
        transcript: Of what it shows.
        is_last: Whether it is the last one of that.
    """

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    transcript: Transcript
    is_last: bool


class Showing:
    """Gives the cues of one source their times, and the order in which they stand in the file."""

    def __init__(self) -> None:
        self._starts_ms: dict[int | None, int] = {}  # of the newest utterance in each channel
        self._ends_ms: dict[int | None, int] = {}  # of the newest cue in each channel
        self._shown_ms = 0  # where the newest cue in the file starts
        self._shift_ms = 0
        self._waiting: list[tuple[int, int, ShownCue]] = []
        self._count = itertools.count()

    def add(self, transcript: Transcript) -> list[ShownCue]:
        """Return the cues that come next in the file, now that this is final too."""
        out: list[ShownCue] = []
        channel = transcript.channel
        if _ms(transcript.end_s) + self._shift_ms < self._starts_ms.get(channel, 0):
            out += self.rest()
            self._starts_ms.clear()
            newest_ms = max(self._ends_ms.values(), default=0)
            self._shift_ms = newest_ms - _ms(transcript.start_s)
        self._starts_ms[channel] = _ms(transcript.start_s) + self._shift_ms
        for cue in self._placed(transcript):
            heapq.heappush(self._waiting, (cue.start_ms, next(self._count), cue))
        if channel is None:
            return out + self.rest()
        return out + self._due(_ms(transcript.available_s) + self._shift_ms - WAIT_MS)

    def rest(self) -> list[ShownCue]:
        """Return the cues that still wait: nothing earlier will come."""
        return self._due(None)

    def _due(self, until_ms: int | None) -> list[ShownCue]:
        out = []
        while self._waiting and (until_ms is None or self._waiting[0][0] <= until_ms):
            cue = heapq.heappop(self._waiting)[2]
            self._shown_ms = max(self._shown_ms, cue.start_ms)
            end_ms = max(cue.end_ms, self._shown_ms + 1)
            out.append(replace(cue, start_ms=self._shown_ms, end_ms=end_ms))
        return out

    def _placed(self, transcript: Transcript) -> Iterator[ShownCue]:
        cues = cues_of(transcript.words, transcript.language)
        nexts_ms = [_ms(cue.start_s) + self._shift_ms for cue in cues[1:]]
        for cue, next_ms in itertools.zip_longest(cues, nexts_ms):
            start_ms, end_ms = self._place(cue, transcript.channel, next_ms)
            yield ShownCue(
                start_ms=start_ms,
                end_ms=end_ms,
                lines=cue.lines,
                transcript=transcript,
                is_last=cue is cues[-1],
            )

    def _place(self, cue: Cue, channel: int | None, next_ms: int | None) -> tuple[int, int]:
        """Return from when to when a cue is shown, behind the one before it in its channel."""
        start_ms = max(_ms(cue.start_s) + self._shift_ms, self._ends_ms.get(channel, 0))
        least_ms = start_ms + LEAST_MS
        if next_ms is not None:
            least_ms = min(least_ms, next_ms)
        end_ms = max(_ms(cue.end_s) + self._shift_ms, least_ms, start_ms + 1)
        self._ends_ms[channel] = end_ms
        return start_ms, end_ms


def _ms(seconds: float) -> int:
    return round(max(seconds, 0.0) * MS_PER_S)
