"""Captions of one source as WebVTT, for players: what was said, from final transcripts alone.

A cue that is in the file cannot be taken back, so nothing that may still change goes there. Cues
are written as they become final, each whole: a player can follow the growing file, and a crash
loses none that was put, but for those of two channels, which wait for one another (``showing``).
Their times are the media's, and never go back.
"""

import html
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from engines.errors import ConfigError
from engines.spec.transcript import Speaker
from stream.publish.live_file import STDOUT, LiveFile
from stream.publish.showing import MS_PER_S, Showing, ShownCue
from stream.records import EdgeCount, Record, Status, Transcript

SUFFIX: Final = ".vtt"
FAILED: Final = "failed"

VOICES: Final[dict[Speaker, str]] = {"subject": "<v Subject>", "other": "<v Other>", "unknown": ""}
CHANNEL_VOICES: Final = ("<v Left>", "<v Right>")


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
        self._showing = Showing()

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
                await self._write(self._showing.add(record))
            case Status(source=self._source, role="speech", state="waiting" | "absent" | "ended"):
                await self._write(self._showing.rest())
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
        try:
            await self._write(self._showing.rest())
        finally:
            await self._file.__aexit__(exc_type, exc, traceback)

    async def _write(self, cues: Sequence[ShownCue]) -> None:
        if not cues:
            return
        text = "".join(block_of(cue) for cue in cues)
        await self._file.write(text.encode(), f"caption {self._received}")
        self._delivered += sum(cue.is_last for cue in cues)


def block_of(cue: ShownCue) -> str:
    """Return a cue as it stands in the file."""
    text = "\n".join(html.escape(line, quote=False) for line in cue.lines)
    return f"{_time(cue.start_ms)} --> {_time(cue.end_ms)}\n{_voice(cue.transcript)}{text}\n\n"


def _voice(transcript: Transcript) -> str:
    """Return whose voice it is, or where it comes from if that cannot be told."""
    channel = transcript.channel
    if transcript.speaker == "unknown" and channel is not None and channel < len(CHANNEL_VOICES):
        return CHANNEL_VOICES[channel]
    return VOICES[transcript.speaker]


def _head(source: str, model: str | None) -> str:
    by = "" if model is None else f" with {Path(model).name}"
    note = f"Machine-made by subface {version('subface')}{by} from {source}."
    return f"WEBVTT\n\nNOTE\n{html.escape(note, quote=False)}\nWords and times may be wrong.\n\n"


def _time(ms: int) -> str:
    """Return a time as WebVTT writes it; hours go on beyond two digits."""
    seconds, ms = divmod(ms, MS_PER_S)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{ms:03d}"
