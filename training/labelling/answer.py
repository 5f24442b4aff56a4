"""The two answers a model gives, reasoning and reflection, and what makes one malformed."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

_FENCE: Final = re.compile(r"\A\s*```(?:json)?\s*(.*?)\s*```\s*\Z", re.DOTALL)
PAST_THE_END_S: Final = 1.0
"""A time is rounded to seconds as often as not."""

Share = Annotated[float, Field(ge=0, le=1)]
Kind = Literal["gaze", "self_touch", "lips", "posture", "hesitation", "wording", "other"]


class Closed(BaseModel):
    """An object of which every key is needed and no other is known."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Cue(Closed):
    """Something that was observed."""

    time_s: Annotated[float, Field(ge=0)]
    kind: Kind
    observed: str
    suggests: str

    @field_validator("time_s")
    @classmethod
    def _lies_in_the_clip(cls, value: float, info: ValidationInfo) -> float:
        end_s: float = _told(info)["duration_s"]
        if value > end_s + PAST_THE_END_S:
            msg = f"{value:g} s is after the end of the clip at {end_s:.1f} s"
            raise ValueError(msg)
        return value


class Reasoned(Closed):
    """The first answer."""

    cues: tuple[Cue, ...]
    reasoning: Annotated[str, Field(min_length=1)]
    label: str
    confidence: Share

    @field_validator("label")
    @classmethod
    def _is_a_class(cls, value: str, info: ValidationInfo) -> str:
        return _known(value, info)


class Reflected(Closed):
    """The second."""

    counter_evidence: str
    why: str
    outcome: Literal["confirmed", "revised", "withdrawn"]
    label: str | None
    confidence: Share

    @field_validator("label")
    @classmethod
    def _is_a_class(cls, value: str | None, info: ValidationInfo) -> str | None:
        return None if value is None else _known(value, info)

    @model_validator(mode="after")
    def _agrees_with_itself(self, info: ValidationInfo) -> "Reflected":
        first = _told(info)["first"]
        fits = {
            "confirmed": self.label == first,
            "revised": self.label not in {first, None},
            "withdrawn": self.label is None,
        }
        if not fits[self.outcome]:
            msg = f"outcome {self.outcome} with label {self.label!r} after {first!r}"
            raise ValueError(msg)
        return self


Answer = TypeVar("Answer", bound=Closed)


class MalformedAnswerError(ValueError):
    """An answer does not fit its schema; the message goes back to the model."""


def read_answer(
    model: type[Answer],
    text: str,
    *,
    labels: Sequence[str],
    duration_s: float,
    first: str | None = None,
) -> Answer:
    """Return an answer.

    Args:
        model: Which of the two.
        text: As it came; a fence around it is taken off.
        labels: The classes.
        duration_s: Of the clip.
        first: For a reflection, the label before it.

    Raises:
        MalformedAnswerError: If it does not fit.
    """
    fenced = _FENCE.match(text)
    context = {"labels": tuple(labels), "duration_s": duration_s, "first": first}
    try:
        return model.model_validate_json(fenced[1] if fenced else text, context=context)
    except ValidationError as error:
        told = (
            f"{'.'.join(map(str, detail['loc'])) or 'the answer'}: {detail['msg']}"
            for detail in error.errors(include_input=False, include_url=False)[:3]
        )
        raise MalformedAnswerError("; ".join(told)) from None


def schema_of(model: type[Closed], labels: Sequence[str]) -> dict[str, Any]:
    """Return the JSON Schema of an answer, with the classes in it."""
    schema = model.model_json_schema()
    label = schema["properties"]["label"]
    for option in label.get("anyOf", [label]):
        if option.get("type") == "string":
            option["enum"] = list(labels)
    return schema


def _known(value: str, info: ValidationInfo) -> str:
    labels = _told(info)["labels"]
    if value not in labels:
        msg = f"expected one of {', '.join(labels)}, got {value[:40]!r}"
        raise ValueError(msg)
    return value


def _told(info: ValidationInfo) -> Mapping[str, Any]:
    """Return what ``read_answer`` said of the clip."""
    return info.context or {}
