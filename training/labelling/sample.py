"""One judgement of a teacher on one clip, with all that led to it."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal[
    "labelled", "withdrawn", "malformed", "refused", "unanswered", "unpaid", "rejected"
]
"""``unanswered``: after all attempts; ``unpaid``: the budget; ``rejected``: key, model or quota."""

Reflection = Literal["confirmed", "revised", "withdrawn"]

WORTH_A_RERUN: frozenset[Outcome] = frozenset({"unanswered", "unpaid", "rejected"})
"""What the clip and the prompt are not the cause of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One judgement.

    Attributes:
        number: From 0.
        outcome: How it ended.
        reason: Why there is no label; empty where there is one.
        label: The class; None where there is none.
        confidence: The teacher's own, in [0, 1].
        first_label: Before it reflected.
        first_confidence: Before it reflected.
        reasoning: What it thought, in its words.
        cues: What it observed, as JSON.
        reflection: What it did when it was shown its reasoning.
        counter_evidence: What it found against its first label.
        model_version: Which model it said it is.
        calls: Answers that it took, repairs included.
        repairs: Answers that were malformed and asked for again.
        input_tokens: As the provider counts.
        output_tokens: With those of thinking.
        cost_usd: What these answers cost when they were given; None where no price is known.
        answered_at: Wall time of the last answer, ISO 8601; None where there is none.
    """

    number: int
    outcome: Outcome
    reason: str = ""
    label: str | None = None
    confidence: float | None = None
    first_label: str | None = None
    first_confidence: float | None = None
    reasoning: str = ""
    cues: str = "[]"
    reflection: Reflection | None = None
    counter_evidence: str = ""
    model_version: str | None = None
    calls: int = 0
    repairs: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    answered_at: str | None = None
