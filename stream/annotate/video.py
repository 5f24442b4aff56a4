"""The annotated video of one source: frames, sound and records in, an MP4 file out.

It draws and encodes in a thread of its own. Beside a live source it takes what it has time for and
counts what it had to leave out, so no reading is later for it; of a file it draws every frame, and
the file waits. A full disk ends the video, not the readings: the failure is logged at once, and
raised when the video is closed.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from engines.spec.frame import Frame, Sound
from engines.spec.observation import Scene
from stream.annotate.board import Board
from stream.annotate.film import Film
from stream.annotate.overlay import Overlay, Painter
from stream.channel import STOPPED, Channel, Overflow
from stream.errors import AnnotatedVideoError
from stream.records import EdgeCount, Record, Status
from stream.worker import Worker

log = logging.getLogger(__name__)

SUFFIX: Final = ".mp4"
FRAMES_WAITING: Final = 8
HELD_BACK: Final = 5
"""Frames that are drawn only when as many came after them: their hop's reading is there by then."""
SOUNDS_WAITING: Final = 1500  # 30 s of 20 ms packets
CLOSE_S: Final = 5.0
"""What is not drawn so long after the end is dropped and counted."""
FAILED: Final = "failed"

Shot = tuple[Frame, Scene]


class AnnotatedVideo:
    """Draws what was seen and read on a source's video; a sink for its records.

    Open it before the source starts and close it after the source ended: a source that is restarted
    goes on in the same file, since media time does.

    Args:
        path: The file, ``.mp4``; what is there is replaced.
        source: The name of the source.
        live: True if the source goes on without us.
    """

    def __init__(self, path: Path, *, source: str, live: bool) -> None:
        if path.suffix.lower() != SUFFIX:
            msg = f"{path}: an annotated video is written as {SUFFIX}, got {path.suffix or 'none'}"
            raise AnnotatedVideoError(msg)
        self._path = path
        self._source = source
        overload = Overflow.DROP_OLDEST if live else Overflow.WAIT
        self._frames: Channel[Shot] = Channel(path.name, FRAMES_WAITING, overload)
        self._sounds: deque[Sound] = deque()
        self._sounds_lost = 0
        self._is_silent = False
        self._board = Board(source)
        self._artist: Worker[Artist] = Worker(f"{source} annotate", lambda: Artist(path))
        self._drawing: asyncio.Task[None]
        self._drawn = 0
        self._drops: Counter[str] = Counter()
        self._gave_up = False
        self._failure: AnnotatedVideoError | None = None

    @property
    def count(self) -> EdgeCount:
        """How many analysed frames came, are in the file, and were left out."""
        count = self._frames.count
        return EdgeCount(
            edge=count.edge,
            received=count.received,
            delivered=self._drawn,
            drops=dict(Counter(count.drops) + self._drops),
        )

    async def frame(self, frame: Frame, scene: Scene) -> None:
        """Take a frame and what was seen in it, in order."""
        await self._frames.send((frame, scene))

    async def sound(self, sound: Sound) -> None:
        """Take what was heard, in order."""
        if len(self._sounds) >= SOUNDS_WAITING:
            self._sounds.popleft()
            self._sounds_lost += 1
        self._sounds.append(sound)

    async def put(self, record: Record) -> None:
        """Take a record; what is read of other sources is not for this video."""
        match record:
            case Status(source=self._source, role="audio", state=state):
                self._is_silent = state == "absent"
            case _:
                self._board.take(record)

    async def settle(self, within_s: float) -> None:
        """Wait until all frames are drawn; drop and count those that are not after so long."""
        await self._frames.close()
        done, _ = await asyncio.wait([self._drawing], timeout=within_s)
        if not done:
            self._gave_up = True
            await asyncio.wait([self._drawing])  # of the frame in hand

    async def __aenter__(self) -> Self:
        await self._artist.__aenter__()
        self._drawing = asyncio.create_task(self._draw_all(), name=f"{self._source} annotate")
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.settle(CLOSE_S)
        await self._try(self._artist.call(Artist.finish, self._taken_sounds()))
        await self._artist.__aexit__(exc_type, exc, traceback)
        await self._drawing
        if self._sounds_lost:
            log.warning("%s: %d stretches of sound were lost", self._path, self._sounds_lost)
        if self._failure is not None and exc is None:
            raise self._failure

    async def _draw_all(self) -> None:
        held: deque[Shot] = deque()
        async for shot in self._frames:
            held.append(shot)
            if len(held) > HELD_BACK:
                await self._draw(held.popleft())
        for shot in held:
            await self._draw(shot)

    async def _draw(self, shot: Shot) -> None:
        """Draw a frame, or count why not; it never fails, so whoever sends never waits for ever."""
        frame, scene = shot
        if self._failure is not None or self._gave_up:
            self._drops[STOPPED if self._gave_up else FAILED] += 1
            return
        overlay = Overlay(
            scene=scene,
            readings=self._board.at(frame.time_s, frame.epoch),
            policy=self._board.policy,
        )
        drawing = self._artist.call(
            Artist.draw, frame, overlay, self._taken_sounds(), has_sound=not self._is_silent
        )
        if await self._try(drawing):
            self._drawn += 1
        else:
            self._drops[FAILED] += 1

    async def _try(self, work: Awaitable[None]) -> bool:
        try:
            await work
        except AnnotatedVideoError as error:
            if self._failure is None:
                self._failure = error
                log.error("%s", error)  # noqa: TRY400 (an expected failure has no traceback)
            return False
        return True

    def _taken_sounds(self) -> list[Sound]:
        taken = list(self._sounds)
        self._sounds.clear()
        return taken


class Artist:
    """What the thread owns: the film, and the colours that people have in it.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._painter = Painter()
        self._film: Film | None = None

    def draw(
        self, frame: Frame, overlay: Overlay, sounds: Sequence[Sound], *, has_sound: bool
    ) -> None:
        """Add a frame and the sound that came until now."""
        if self._film is None:
            height, width = frame.image.shape[:2]
            self._film = Film(
                self._path,
                height=height,
                width=width,
                start_s=frame.time_s,
                has_sound=has_sound,
            )
        self._film.show(self._painter.paint(frame.image, overlay), frame.time_s)
        for sound in sounds:
            self._film.hear(sound)

    def finish(self, sounds: Sequence[Sound]) -> None:
        """Add the last sound and make the file a whole one; without a frame there is none."""
        if self._film is None:
            self._path.unlink(missing_ok=True)
            return
        for sound in sounds:
            self._film.hear(sound)
        self._film.close()

    def __enter__(self) -> Self:
        try:
            self._path.open("wb").close()  # what cannot be written is found before anything is read
        except OSError as error:
            msg = f"{self._path}: the annotated video cannot be written: {error.strerror}"
            raise AnnotatedVideoError(msg) from error
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._film is not None:
            self._film.close()
