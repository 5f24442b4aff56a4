"""What tokens cost, declared with a day; of a model that is not declared nothing is known."""

from collections.abc import Mapping
from datetime import date
from math import ceil
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from configs import shipped
from engines.sequence.shape import Closed
from stream.document import load_document
from training.labelling.question import Question, Reply, Video

SHIPPED: Final = "labelling/prices.yaml"
MILLION: Final = 1_000_000
BYTES_A_TOKEN: Final = 4
"""Of English text, about; never less than one."""

Price = Annotated[float, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]


class ModelPrice(Closed):
    """What one model costs, in US dollars for a million tokens."""

    input_usd: Price
    output_usd: Price
    image_tokens: Positive
    """Of one frame, at most."""
    up_to_tokens: Positive
    """What longer prompts cost is not said here."""
    as_of: date
    video_frame_tokens: Positive = 268
    """Of one picture that is looked at in a film, with its time: Google says 258, and about 300 a
    second with the sound."""
    sound_second_tokens: Positive = 32
    sound_usd: Price | None = None
    """Of a million tokens of sound; None if they cost what others do."""

    def usd(self, input_tokens: float, output_tokens: float) -> float:
        """Return what so many tokens cost."""
        return (input_tokens * self.input_usd + output_tokens * self.output_usd) / MILLION

    def most_usd(self, question: Question) -> float:
        """Return what a call costs at most: a token for each byte, and the longest answer."""
        most_usd = self.usd(self.most_tokens(question), question.max_output_tokens)
        return most_usd + self._sound_more_usd(question)

    def most_tokens(self, question: Question) -> int:
        """Return how many tokens a prompt has at most."""
        return question.text_bytes() + self._seen_tokens(question)

    def likely_tokens(self, question: Question) -> int:
        """Return how many tokens a prompt has, about."""
        return question.text_bytes() // BYTES_A_TOKEN + self._seen_tokens(question)

    def cost_usd(self, question: Question, reply: Reply) -> float:
        """Return what a call cost; where the provider does not count, what it cost at most."""
        if reply.input_tokens is None or reply.output_tokens is None:
            return self.most_usd(question)
        return self.usd(reply.input_tokens, reply.output_tokens) + self._sound_more_usd(question)

    def _seen_tokens(self, question: Question) -> int:
        """Return how many tokens frames and films have."""
        video = question.video()
        frames = question.pictures() * self.image_tokens
        if video is None:
            return frames
        pictures = ceil(video.duration_s * video.hz) + 1
        return frames + pictures * self.video_frame_tokens + self._sound_tokens(video)

    def _sound_tokens(self, video: Video) -> int:
        return (ceil(video.duration_s) + 1) * self.sound_second_tokens if video.has_sound else 0

    def _sound_more_usd(self, question: Question) -> float:
        """Return what a film's sound costs above what other tokens do."""
        video = question.video()
        if video is None or self.sound_usd is None:
            return 0.0
        return self._sound_tokens(video) * (self.sound_usd - self.input_usd) / MILLION


class PriceList(Closed):
    """The content of a file of prices."""

    models: Mapping[str, ModelPrice]


def read_price(model: str, file: Path | None) -> ModelPrice | None:
    """Return what a model costs; None if the file does not say.

    Args:
        model: Its name, as the provider has it.
        file: A list of the user's; None for the shipped one.

    Raises:
        ConfigError: If the file cannot be read.
    """
    return load_document(PriceList, file or shipped(SHIPPED)).models.get(model)
