"""A model as a teacher: it reasons over cues, is shown its reasoning, and stands by it or not.

Several conversations are held on a clip, from different seeds; each is one vote.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from training.labelling.answer import (
    Closed,
    MalformedAnswerError,
    Reasoned,
    Reflected,
    read_answer,
    schema_of,
)
from training.labelling.cache import Kept
from training.labelling.caller import Caller
from training.labelling.errors import (
    BudgetSpentError,
    LabellingError,
    TeacherBusyError,
    TeacherRejectedError,
)
from training.labelling.material import Material
from training.labelling.prompts import Prompts
from training.labelling.question import Picture, Question, Step, Turn, Video
from training.labelling.sample import Outcome, Sample
from training.labelling.teacher import BorrowsFilms

OUTCOMES: Final[Mapping[type[LabellingError], Outcome]] = {
    TeacherBusyError: "unanswered",
    TeacherRejectedError: "rejected",
    BudgetSpentError: "unpaid",
}

Answer = TypeVar("Answer", bound=Closed)


class _NoLabelError(Exception):
    """A conversation ended without a label, for a reason of the model's."""

    def __init__(self, reason: str, *, outcome: Outcome) -> None:
        super().__init__(reason)
        self.outcome = outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a clip is asked about.

    Attributes:
        labels: The classes.
        samples: Conversations on each clip.
        temperature: Of sampling: at 0 they would all be the same.
        max_output_tokens: Of one answer, with whatever the model thinks before it.
    """

    labels: tuple[str, ...]
    samples: int = 5
    temperature: float = 1.0
    max_output_tokens: int = 8192


class ConversingTeacher:
    """A model that is asked, and asked again.

    Args:
        caller: Calls the model.
        prompts: What it is asked.
        asking: How.
    """

    def __init__(self, caller: Caller, prompts: Prompts, asking: Asking) -> None:
        self._caller = caller
        self._prompts = prompts
        self._asking = asking

    @property
    def identity(self) -> Mapping[str, str]:
        """Provider, endpoint and model, and the digest of the prompts."""
        return {**self._caller.model.identity, "prompts": self._prompts.digest}

    async def label(self, material: Material) -> tuple[Sample, ...]:
        """Hold all conversations on a clip; then nothing of it is left with the model."""
        try:
            async with asyncio.TaskGroup() as tasks:
                held = [
                    tasks.create_task(self._converse(material, number))
                    for number in range(self._asking.samples)
                ]
        finally:
            if isinstance(self._caller.model, BorrowsFilms):
                await self._caller.model.take_back(material.clip)
        return tuple(task.result() for task in held)

    async def _converse(self, material: Material, number: int) -> Sample:
        talk = _Talk(self._caller, self._prompts, self._asking, material, number)
        try:
            async with self._caller.places:
                await talk.hold()
        except _NoLabelError as end:
            talk.note(outcome=end.outcome, reason=str(end), label=None, confidence=None)
        except tuple(OUTCOMES) as error:
            talk.note(outcome=OUTCOMES[type(error)], reason=str(error), label=None, confidence=None)
        return talk.sample


def first_question(
    material: Material, prompts: Prompts, asking: Asking, number: int = 0
) -> Question:
    """Return what a conversation begins with."""
    schema = schema_of(Reasoned, asking.labels)
    shown = prompts.render(
        "reason",
        duration_s=material.duration_s,
        frames=len(material.pictures),
        video=material.video,
        lines=material.lines,
        transcript=material.transcript,
        face=material.face,
        labels=asking.labels,
    )
    parts: list[str | Picture | Video] = [shown]
    if material.video is not None:
        parts.insert(0, material.video)  # where Google's documentation wants a film to be
    for picture in material.pictures:
        parts += [f"{picture.time_s:.1f} s:", picture]
    return Question(
        clip=material.clip,
        step="reason",
        sample=number,
        system=prompts.render("system", labels=asking.labels, schema=json.dumps(schema)),
        turns=(Turn(role="user", parts=tuple(parts)),),
        schema=schema,
        temperature=asking.temperature,
        max_output_tokens=asking.max_output_tokens,
    )


@dataclass(slots=True)
class _Talk:
    """One conversation under way."""

    caller: Caller
    prompts: Prompts
    asking: Asking
    material: Material
    number: int
    sample: Sample = field(init=False)

    def __post_init__(self) -> None:
        self.sample = Sample(number=self.number, outcome="unanswered")

    def note(self, **known: Any) -> None:  # noqa: ANN401 (the fields of a Sample)
        """Add to what is known of it."""
        self.sample = replace(self.sample, **known)

    async def hold(self) -> None:
        """Ask for reasons, then for what speaks against them."""
        question = first_question(self.material, self.prompts, self.asking, self.number)
        reasoned, turns = await self._answer(question, Reasoned, "reason_repair")
        self.note(
            first_label=reasoned.label,
            first_confidence=reasoned.confidence,
            reasoning=reasoned.reasoning,
            cues=json.dumps([cue.model_dump() for cue in reasoned.cues], ensure_ascii=False),
        )
        reflected, _ = await self._answer(
            self._reflection(question, turns, reasoned),
            Reflected,
            "reflect_repair",
            first=reasoned.label,
        )
        self.note(
            reflection=reflected.outcome,
            counter_evidence=reflected.counter_evidence,
            label=reflected.label,
            confidence=None if reflected.label is None else reflected.confidence,
            outcome="withdrawn" if reflected.label is None else "labelled",
            reason=reflected.why if reflected.label is None else "",
        )

    def _reflection(
        self, question: Question, turns: Sequence[Turn], reasoned: Reasoned
    ) -> Question:
        schema = schema_of(Reflected, self.asking.labels)
        text = self.prompts.render(
            "reflect",
            label=reasoned.label,
            confidence=reasoned.confidence,
            labels=self.asking.labels,
            schema=json.dumps(schema),
        )
        return replace(
            question,
            step="reflect",
            turns=(*turns, Turn(role="user", parts=(text,))),
            schema=schema,
        )

    async def _answer(
        self, question: Question, model: type[Answer], repair: Step, *, first: str | None = None
    ) -> tuple[Answer, tuple[Turn, ...]]:
        """Return an answer, mended once if need be, and the conversation up to it."""
        problem = ""
        for step in (question.step, repair):
            question = replace(question, step=step)
            kept = await self.caller.ask(question)
            self._count(kept)
            reply = kept.reply
            if reply.stop == "refused":
                raise _NoLabelError(reply.text, outcome="refused")
            said = Turn(role="model", parts=(reply.text or "(nothing)",))
            try:
                if reply.stop == "cut":
                    _refuse_cut(question.max_output_tokens)
                answer = read_answer(
                    model,
                    reply.text,
                    labels=self.asking.labels,
                    duration_s=self.material.duration_s,
                    first=first,
                )
            except MalformedAnswerError as error:
                problem = str(error)
            else:
                # a model reads its answer as it would have been written without the mistake
                return answer, (*_before_repair(question, step, repair), said)
            if step != repair:
                self.note(repairs=self.sample.repairs + 1)
                text = self.prompts.render(
                    "repair", problem=problem, schema=json.dumps(dict(question.schema))
                )
                mend = Turn(role="user", parts=(text,))
                question = replace(question, turns=(*question.turns, said, mend))
        msg = f"{question.step}: {problem}"
        raise _NoLabelError(msg, outcome="malformed")

    def _count(self, kept: Kept) -> None:
        done, reply = self.sample, kept.reply
        cost_usd = None if kept.cost_usd is None else (done.cost_usd or 0.0) + kept.cost_usd
        self.note(
            calls=done.calls + 1,
            model_version=reply.model_version or done.model_version,
            input_tokens=done.input_tokens + (reply.input_tokens or 0),
            output_tokens=done.output_tokens + (reply.output_tokens or 0),
            cost_usd=cost_usd,
            answered_at=kept.answered_at,
        )


def _before_repair(question: Question, step: Step, repair: Step) -> tuple[Turn, ...]:
    return question.turns[:-2] if step == repair else question.turns


def _refuse_cut(longest: int) -> None:
    msg = f"it was cut off at {longest} tokens"
    raise MalformedAnswerError(msg)
