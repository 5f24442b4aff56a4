"""What a labelling will take, told before anything is sent: calls, tokens, dollars."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from training.labelling.prices import BYTES_A_TOKEN, ModelPrice
from training.labelling.question import Question

LIKELY_ANSWER_TOKENS: Final = 1500
"""With what is thought before it: a guess, which the account of a first run replaces."""
FOLLOW_UP_BYTES: Final = 6000
"""Of a reflection or a repair, with its schema."""
LIKELY_CALLS, MOST_CALLS = 2, 4
"""Of one sample: reason and reflect; each of them repaired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run takes; attempts that fail are not in it.

    Attributes:
        clips: How many.
        samples: Of each.
        likely_calls: If no answer is malformed.
        most_calls: If each is, once.
        input_tokens: Of the likely calls.
        output_tokens: Of the likely calls.
        likely_usd: None where no price is known.
        most_usd: If each answer is as long as it may be; None where no price is known.
        as_of: The day of the price.
    """

    clips: int
    samples: int
    likely_calls: int
    most_calls: int
    input_tokens: int
    output_tokens: int
    likely_usd: float | None
    most_usd: float | None
    as_of: str

    @property
    def calls_and_tokens(self) -> str:
        """What it takes, whatever that costs."""
        return (
            f"{self.clips} clips, {self.samples} samples each: {self.likely_calls:,} calls "
            f"(at most {self.most_calls:,}), about {self.input_tokens:,} tokens in and "
            f"{self.output_tokens:,} out"
        )

    def told(self, model: str) -> str:
        """Return it as a sentence or two."""
        tokens = self.calls_and_tokens
        if self.likely_usd is None or self.most_usd is None:
            return f"{tokens}; the price of {model} is unknown: --prices FILE declares it"
        return (
            f"{tokens}; about {self.likely_usd:.2f} USD, at most {self.most_usd:.2f}, by the price "
            f"of {model} as of {self.as_of}"
        )


def estimate(questions: Sequence[Question], *, samples: int, price: ModelPrice | None) -> Estimate:
    """Return what a run will take.

    Args:
        questions: What the conversation on each clip begins with.
        samples: Conversations on each.
        price: Of the model; None if it is not known.
    """
    counted = price or _NO_PRICE
    likely_in = samples * sum(
        LIKELY_CALLS * counted.likely_tokens(question)
        + LIKELY_ANSWER_TOKENS
        + FOLLOW_UP_BYTES // BYTES_A_TOKEN
        for question in questions
    )
    calls = samples * len(questions)
    likely_out = calls * LIKELY_CALLS * LIKELY_ANSWER_TOKENS
    most_usd = samples * sum(
        counted.most_usd(question) + counted.usd(before * (longest + FOLLOW_UP_BYTES), 0)
        for question in questions
        for longest in (question.max_output_tokens,)
        for before in range(MOST_CALLS)
    )
    return Estimate(
        clips=len(questions),
        samples=samples,
        likely_calls=calls * LIKELY_CALLS,
        most_calls=calls * MOST_CALLS,
        input_tokens=likely_in,
        output_tokens=likely_out,
        likely_usd=None if price is None else price.usd(likely_in, likely_out),
        most_usd=None if price is None else most_usd,
        as_of="" if price is None else price.as_of.isoformat(),
    )


_NO_PRICE: Final = ModelPrice.model_validate(
    {
        "input_usd": 0.0,
        "output_usd": 0.0,
        "image_tokens": 1548,  # as Gemini 2.5 counts: the most of those that are known
        "up_to_tokens": 1,
        "as_of": "2026-01-01",
    }
)
