"""Captions of one source as WebVTT, for players: what was said, from final transcripts alone.

A cue that is in the file cannot be taken back, so nothing that may still change goes there. Cues
are written as they become final, each whole: a player can follow the growing file, and a crash
loses none that was put. Their times are the media's, and never go back: where an utterance begins
before the one before it ended, it is shown after it, and where the clock began again (a source that
was restarted) the captions go on.
"""

import html
import itertools
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from engines.errors import ConfigError
from engines.spec.transcript import Speaker
from stream.publish.cues import Cue, cues_of
from stream.publish.live_file import STDOUT, LiveFile
from stream.records import EdgeCount, Record, Transcript

SUFFIX: Final = ".vtt"
FAILED: Final = "failed"
LEAST_MS: Final = 500
"""A cue stands so long at least: a single word is over before it can be read."""
MS_PER_S: Final = 1000

VOICES: Final[dict[Speaker, str]] = {"subject": "<v Subject>", "other": "<v Other>", "unknown": ""}


class CaptionsWriter:
    """A sink that writes one source's final transcripts; what was in the file before is replaced.

    It has no use for other records, nor for those of other sources, and does not count them.
    Entering raises `ConfigError` if the file cannot be written.

    Args:
        path: Where to, ``.vtt``; ``-`` is stdout.
        source: The name of the source.
        model: The recogniser, for the note that the captions are machine-made; None if nobody
            listens.
        option: The option that asked for it, which an error names.

    Raises:
        ConfigError: If the path does not end in ``.vtt``.
    """

    def __init__(
        self, path: Path, *, source: str, model: str | None, option: str = "--captions"
    ) -> None:
        if str(path) != STDOUT and path.suffix.lower() != SUFFIX:
            got = path.suffix or "none"
            msg = f"{option} {path}: captions are written as {SUFFIX}, got {got}"
            raise ConfigError(msg)
        self._path = path
        self._source = source
        self._model = model
        self._file = LiveFile(path, option=option)
        self._received = 0
        self._delivered = 0
        self._start_ms = 0  # of the newest utterance, as it stands in the file
        self._end_ms = 0  # of the newest cue
        self._shift_ms = 0

    @property
    def count(self) -> EdgeCount:
        """How many final transcripts came, and are in the file."""
        failed = self._received - self._delivered
        return EdgeCount(
            edge=self._path.name,
            received=self._received,
            delivered=self._delivered,
            drops={FAILED: failed} if failed else {},
        )

    async def put(self, record: Record) -> None:
        """Write the cues of a final transcript.

        Raises:
            SubfaceError: If they cannot be written.
        """
        match record:
            case Transcript(source=self._source, final=True):
                self._received += 1
                await self._file.write(self._cues(record).encode(), f"caption {self._received}")
                self._delivered += 1
            case _:
                pass

    async def settle(self, within_s: float) -> None:
        """Return: what was put is written."""

    async def __aenter__(self) -> Self:
        await self._file.__aenter__()
        try:
            await self._file.write(_head(self._source, self._model).encode(), "the head")
        except BaseException as error:
            await self._file.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._file.__aexit__(exc_type, exc, traceback)

    def _cues(self, transcript: Transcript) -> str:
        if _ms(transcript.end_s) + self._shift_ms < self._start_ms:
            self._shift_ms = self._end_ms - _ms(transcript.start_s)
        self._start_ms = _ms(transcript.start_s) + self._shift_ms
        cues = cues_of(transcript.words, transcript.language)
        nexts = [_ms(cue.start_s) + self._shift_ms for cue in cues[1:]]
        voice = VOICES[transcript.speaker]
        return "".join(
            self._block(cue, voice, next_ms) for cue, next_ms in itertools.zip_longest(cues, nexts)
        )

    def _block(self, cue: Cue, voice: str, next_ms: int | None) -> str:
        """Return a cue as it stands in the file, behind the one before it."""
        start_ms = max(_ms(cue.start_s) + self._shift_ms, self._end_ms)
        least_ms = start_ms + LEAST_MS
        if next_ms is not None:
            least_ms = min(least_ms, next_ms)
        self._end_ms = max(_ms(cue.end_s) + self._shift_ms, least_ms, start_ms + 1)
        text = "\n".join(html.escape(line, quote=False) for line in cue.lines)
        return f"{_time(start_ms)} --> {_time(self._end_ms)}\n{voice}{text}\n\n"


def _head(source: str, model: str | None) -> str:
    by = "" if model is None else f" with {Path(model).name}"
    note = f"Machine-made by subface {version('subface')}{by} from {source}."
    return f"WEBVTT\n\nNOTE\n{html.escape(note, quote=False)}\nWords and times may be wrong.\n\n"


def _ms(seconds: float) -> int:
    return round(max(seconds, 0.0) * MS_PER_S)


def _time(ms: int) -> str:
    """Return a time as WebVTT writes it; hours go on beyond two digits."""
    seconds, ms = divmod(ms, MS_PER_S)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{ms:03d}"
