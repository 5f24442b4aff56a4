"""A clip made into what a teacher is shown: frames or a film, words, and nothing held back."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engines.speech.outcome_words import OutcomeWords
from stream.source.duration import duration_s
from stream.source.spec import SourceSpec
from stream.transcript.script import read_script
from training.errors import DatasetError
from training.labelling.blur import FaceBlur
from training.labelling.film import make_film
from training.labelling.frames import sample_frames
from training.labelling.material import (
    FaceVariant,
    Line,
    Material,
    Show,
    TranscriptVariant,
    lines_of,
)
from training.labelling.question import Picture, Video

SUFFIXES: Final = (".jsonl", ".vtt", ".srt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What clips are shown as.

    Attributes:
        transcripts: A folder with a file for each clip; None if nobody wrote down what is said.
        transcript: What is done to the words.
        masks: The words that tell the outcome, where they are masked.
        blur: Hides faces; None shows them.
        frames: How many of each clip.
        side_px: Of a frame's longer side.
        show: Whether clips are shown as frames, or as films.
        hz: Of a film: how many pictures of a second the teacher is to look at.
    """

    transcripts: Path | None
    transcript: TranscriptVariant
    masks: OutcomeWords | None
    blur: FaceBlur | None
    frames: int
    side_px: int
    show: Show = "frames"
    hz: float = 1.0

    @property
    def face(self) -> FaceVariant:
        """What is done to faces."""
        return "shown" if self.blur is None else "blurred"

    def of(self, clip: SourceSpec) -> Material:
        """Return what of a clip is shown. It blocks.

        Raises:
            DatasetError: If it cannot be read, or there is no file of its words.
            ConfigError: If the file of its words cannot be read.
        """
        path = Path(clip.url)
        if self.show == "video":
            return self._film(clip, path)
        sampled = sample_frames(
            path,
            count=self.frames,
            side_px=self.side_px,
            change=None if self.blur is None else self.blur.hide,
        )
        lines = self._lines(clip.name)
        return Material(
            clip=clip.name,
            digest=file_digest(path),
            duration_s=sampled.duration_s,
            pictures=sampled.pictures,
            lines=lines,
            transcript=self.transcript if lines else "none",
            face=self.face,
        )

    def outline(self, clip: SourceSpec) -> Material:
        """Return the same without looking at the pictures: what an estimate needs. It blocks.

        Raises:
            SubfaceError: If there is no file of its words, or it cannot be read.
        """
        lines, length_s = self._lines(clip.name), duration_s(clip) or 0.0
        is_film = self.show == "video"
        video = Video(mp4=b"", duration_s=length_s, has_sound=self._is_heard, hz=self.hz)
        return Material(
            clip=clip.name,
            digest="",
            duration_s=length_s,
            pictures=() if is_film else (Picture(time_s=0.0, jpeg=b""),) * self.frames,
            lines=lines,
            transcript=self.transcript if lines or (is_film and self._is_heard) else "none",
            face=self.face,
            video=video if is_film else None,
        )

    @property
    def _is_heard(self) -> bool:
        """Whether a film keeps its sound: words that are held back would be heard in it."""
        return self.transcript == "shown"

    def _film(self, clip: SourceSpec, path: Path) -> Material:
        lines = self._lines(clip.name)
        video = make_film(
            path, side_px=self.side_px, hz=self.hz, blur=self.blur, has_sound=self._is_heard
        )
        return Material(
            clip=clip.name,
            digest=file_digest(path),
            duration_s=video.duration_s,
            pictures=(),
            lines=lines,
            transcript=self.transcript if lines or video.has_sound else "none",
            face=self.face,
            video=video,
        )

    def _lines(self, name: str) -> tuple[Line, ...]:
        if self.transcripts is None or self.transcript == "none":
            return ()
        for suffix in SUFFIXES:
            path = self.transcripts / f"{name}{suffix}"
            if path.is_file():
                return lines_of(read_script(path, name), self.masks)
        msg = (
            f"{name}: no transcript: expected {self.transcripts / name} with one of "
            f"{', '.join(SUFFIXES)}; `subface transcribe` writes one"
        )
        raise DatasetError(msg)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a film.

    Raises:
        DatasetError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise DatasetError(msg) from error
