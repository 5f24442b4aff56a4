"""What the athlete says in a video: iMiGUE-Speech's words and speakers.

The athlete is who speaks longest, the data set's own rule (Kakouros, Kang and Chen 2026). As live,
a word is known when the stretch of speech that it belongs to has ended, and somewhat later.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from engines.config import TextConfig
from engines.spec.transcript import Word
from training.errors import DatasetError
from training.imigue.labels import ACCESS, identifier
from training.imigue.textgrid import Interval, read_textgrid

Embed = Callable[[Sequence[str]], Float32[ndarray, " E"]]
"""Returns the vector of words; those that give the outcome away are its to mask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechConfig:
    """How iMiGUE-Speech is laid out, and how late its words are known.

    The names of its files are not public, so they are stated and not guessed.

    Attributes:
        segments: The TextGrid in a video's folder that has the speakers.
        words: The one that has the words; it may be the same.
        speaker_tier: Whose intervals are labelled with a speaker, such as ``SPEAKER_00``.
        word_tier: Whose intervals are labelled with a word.
        hole_s: So long a silence of the athlete ends a stretch of speech.
        delay_s: So much after its end its words are known.
        evidence: How many words, of how long, are embedded together.
    """

    segments: str = "segments.TextGrid"
    words: str = "words.TextGrid"
    speaker_tier: str = "diarization"
    word_tier: str = "words"
    hole_s: float = 0.7
    delay_s: float = 1.5
    evidence: TextConfig = field(default_factory=TextConfig)


def read_words(folder: Path, video: str, config: SpeechConfig) -> tuple[Word, ...]:
    """Read the athlete's words.

    Args:
        folder: It holds a folder a video.
        video: The id; leading zeros do not matter.
        config: What the files are called.

    Raises:
        DatasetError: If a file or a tier is missing.
    """
    own = _find(folder, video)
    turns = _tier(own / config.segments, config.speaker_tier)
    spoken = _tier(own / config.words, config.word_tier)
    athlete = _longest_speaker(turns)
    times_s = np.array([(turn.start_s, turn.end_s) for turn in turns if turn.text == athlete])
    said = [
        word
        for word in spoken
        if ((times_s[:, 0] <= _middle_s(word)) & (_middle_s(word) < times_s[:, 1])).any()
    ]
    return tuple(
        Word(
            text=word.text,
            start_s=word.start_s,
            end_s=word.end_s,
            probability=1.0,
            available_s=end_s + config.delay_s,
        )
        for stretch in _stretches(said, config.hole_s)
        for end_s in [stretch[-1].end_s]
        for word in stretch
    )


def embed_words(
    words: Sequence[Word], embed: Embed, config: SpeechConfig
) -> tuple[Float32[ndarray, "U E"], Float64[ndarray, " U"]]:
    """Embed the newest words each time that more were known, as a live run does.

    Returns:
        The embeddings, of width 0 if nothing was said, and the media time from which on each was
        known.
    """
    known_s = sorted({word.available_s for word in words if word.available_s is not None})
    rows = []
    for now_s in known_s:
        known = [w for w in words if w.available_s is not None and w.available_s <= now_s]
        newest = [w for w in known if w.end_s >= known[-1].end_s - config.evidence.seconds]
        rows.append(embed([word.text for word in newest[-config.evidence.words :]]))
    if not rows:
        return np.zeros((0, 0), np.float32), np.zeros(0)
    return np.stack(rows).astype(np.float32), np.array(known_s)


def _find(folder: Path, video: str) -> Path:
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.is_dir() and identifier(path.name) == video:
                return path
    msg = f"{folder}: expected a folder {video} of iMiGUE-Speech; {ACCESS}"
    raise DatasetError(msg)


def _tier(path: Path, name: str) -> tuple[Interval, ...]:
    if not path.is_file():
        there = ", ".join(sorted(file.name for file in path.parent.iterdir())) or "nothing"
        msg = f"{path}: there is no such file; the folder has {there}: state what it is called"
        raise DatasetError(msg)
    tiers = read_textgrid(path)
    if not tiers.get(name):
        there = ", ".join(tiers) or "none"
        msg = f"{path}: no labelled intervals in a tier {name!r}; the tiers are {there}"
        raise DatasetError(msg)
    return tiers[name]


def _longest_speaker(turns: Sequence[Interval]) -> str:
    spoken_s = defaultdict[str, float](float)
    for turn in turns:
        spoken_s[turn.text] += turn.end_s - turn.start_s
    return max(spoken_s, key=lambda speaker: spoken_s[speaker])


def _middle_s(word: Interval) -> float:
    return (word.start_s + word.end_s) / 2


def _stretches(words: Sequence[Interval], hole_s: float) -> list[list[Interval]]:
    stretches: list[list[Interval]] = []
    for word in words:
        if stretches and word.start_s - stretches[-1][-1].end_s < hole_s:
            stretches[-1].append(word)
        else:
            stretches.append([word])
    return stretches
