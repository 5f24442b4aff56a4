"""What a model is asked and what it replies, in no provider's words."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Step = Literal["reason", "reason_repair", "reflect", "reflect_repair"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A frame of a clip.

    Attributes:
        time_s: Media time.
        jpeg: As it is sent.
    """

    time_s: float
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A clip as a film.

    Attributes:
        mp4: As it is sent.
        duration_s: How long it is.
        has_sound: Whether it can be heard.
        hz: How many pictures of a second the model is to look at.
    """

    mp4: bytes = field(repr=False)
    duration_s: float
    has_sound: bool
    hz: float

    @property
    def digest(self) -> str:
        """SHA-256 of what is sent."""
        return hashlib.sha256(self.mp4).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one side says."""

    role: Literal["user", "model"]
    parts: tuple[str | Picture | Video, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call.

    Attributes:
        clip: The name of the clip that it is about; no part of what is sent.
        step: Where in the conversation it stands.
        sample: Which of the conversations, from 0; also the seed.
        system: What holds throughout.
        turns: The conversation so far; the last is the user's.
        schema: JSON Schema of the answer.
        temperature: Of sampling.
        max_output_tokens: The longest answer, with whatever the model thinks before it.
    """

    clip: str
    step: Step
    sample: int
    system: str
    turns: tuple[Turn, ...]
    schema: Mapping[str, Any]
    temperature: float
    max_output_tokens: int

    def digest(self, identity: Mapping[str, str]) -> str:
        """Return what an answer is stored under: all that decides it, and the model it is of."""
        content = {
            "identity": dict(identity),
            "sample": self.sample,
            "system": self.system,
            "turns": [[turn.role, [_named(part) for part in turn.parts]] for turn in self.turns],
            "schema": self.schema,
            "temperature": self.temperature,
            "max_output_tokens": self.max_output_tokens,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def text_bytes(self) -> int:
        """Return the length of all text: there are never more tokens than bytes."""
        parts = [part for turn in self.turns for part in turn.parts if isinstance(part, str)]
        texts = [self.system, json.dumps(self.schema), *parts]
        return sum(len(text.encode()) for text in texts)

    def pictures(self) -> int:
        """Return how many frames are sent."""
        return sum(isinstance(part, Picture) for turn in self.turns for part in turn.parts)

    def video(self) -> Video | None:
        """Return the film that is sent, if one is."""
        films = (part for turn in self.turns for part in turn.parts if isinstance(part, Video))
        return next(films, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back.

    Attributes:
        stop: ``cut`` if it was longer than allowed, ``refused`` if there is no answer to this
            question from this model.
        text: The answer, or the reason for the refusal.
        input_tokens: As the provider counts; None if it does not say.
        output_tokens: With those of thinking.
        model_version: Which model it says it is.
    """

    stop: Literal["done", "cut", "refused"]
    text: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    model_version: str | None = None


def _named(part: str | Picture | Video) -> str | list[float | str]:
    if isinstance(part, str):
        return part
    if isinstance(part, Video):
        return ["video", part.hz, part.digest]
    return [part.time_s, hashlib.sha256(part.jpeg).hexdigest()]
