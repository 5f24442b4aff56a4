"""What goes to the process of a model and comes from it: an object a line, as JSON."""

import base64
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from training.labelling.local_model.machine import Device, DType
from training.labelling.question import Picture, Question

Stop = Literal["done", "cut", "full", "late"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Which model the process opens, and how."""

    folder: str
    packed: str | None
    sees: bool
    device: Device
    dtype: DType
    threads: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What it opens the model by, when the first question comes.

    Attributes:
        device: The one it took.
        dtype: Of the weights.
        versions: Of what computes.
    """

    device: str
    dtype: str
    versions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question.

    Attributes:
        system: What holds throughout.
        turns: Each with its ``role`` and its ``parts``: a text, or ``[jpeg in base64]``.
        schema: JSON Schema of the answer.
        temperature: Of sampling; 0: the likeliest token each time.
        max_output_tokens: The longest answer.
        seed: Of sampling.
        limit_s: How long it may be written at.
    """

    system: str
    turns: list[dict[str, Any]]
    schema: dict[str, Any]
    temperature: float
    max_output_tokens: int
    seed: int
    limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the model wrote.

    Attributes:
        stop: ``full``: question and answer are longer than the model reads; ``late``: not within
            its time.
        text: The answer, or why there is none.
        input_tokens: Of the question.
        output_tokens: Of the answer.
    """

    stop: Stop
    text: str
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Why there is none of the others.

    Attributes:
        failed: Whatever a library said.
        for_all: Whether no other question will be answered either.
    """

    failed: str
    for_all: bool


Message = Opening | Opened | Asked | Written | Failed


def asked(question: Question, *, seed: int, limit_s: float) -> Asked:
    """Return a question as it is sent."""
    return Asked(
        system=question.system,
        turns=[
            {
                "role": "assistant" if turn.role == "model" else "user",
                "parts": [
                    [base64.b64encode(part.jpeg).decode()]
                    if isinstance(part, Picture)
                    else str(part)  # a film is no answerable part: `--show video` was refused
                    for part in turn.parts
                ],
            }
            for turn in question.turns
        ],
        schema=dict(question.schema),
        temperature=question.temperature,
        max_output_tokens=question.max_output_tokens,
        seed=seed,
        limit_s=limit_s,
    )


def line(message: Message) -> str:
    """Return a message as it is sent."""
    return json.dumps(asdict(message)) + "\n"
