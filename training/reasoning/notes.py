"""What a teacher noted of a clip, as texts, each with the time from which on it is given.

One sample speaks for a clip: the first that came to an answer, withdrawn or not. To choose by what
it concluded would tell the conclusion.

What leaks is a choice. ``cues`` are what was observed, without what it was taken for; a class that
is named in them is masked. ``all`` has both, and when the clip is over the reasoning and what spoke
against it, in which the label is as good as named: a network then may do no more than repeat its
teacher. Either way a cue is noted by somebody who has seen how the clip ends.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from training.labelling.sample import Sample
from training.labelling.table import LabelTable
from training.reasoning.reasoned import Kind

MASKED: Final = "[MASK]"
"""As the tokenizers of text encoders know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """All that was noted up to a time, the newest last; a text encoder reads its end.

    Attributes:
        time_s: From which on it is given; infinite: when the interview is over.
        text: Of cues a line each; of the reasoning, that alone.
    """

    time_s: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSheet:
    """The notes that a table of labels has of interviews.

    Attributes:
        kind: What of them.
        teacher: Whose: provider, model and prompts.
        digest: SHA-256 of the table's file.
        notes: By interview, of those that have any; in time.
    """

    kind: Kind
    teacher: str
    digest: str
    notes: Mapping[str, tuple[Note, ...]]


def notes_of(samples: Sequence[Sample], *, kind: Kind, labels: Sequence[str]) -> tuple[Note, ...]:
    """Return the notes of one clip.

    Args:
        samples: Its judgements.
        kind: What of them.
        labels: The classes, which cues do not name.
    """
    answered = (own for own in samples if own.outcome in {"labelled", "withdrawn"})
    sample = next(answered, None)
    if sample is None:
        return ()
    cues = sorted(json.loads(sample.cues), key=lambda cue: float(cue["time_s"]))
    lines: list[str] = []
    by_time: dict[float, str] = {}
    for cue in cues:
        lines.append(_line(cue, kind, labels))
        by_time[float(cue["time_s"])] = "\n".join(lines)
    told = "\n".join(part for part in (sample.counter_evidence, sample.reasoning) if part)
    if kind == "all" and told:
        by_time[inf] = told
    return tuple(Note(time_s=time_s, text=text) for time_s, text in by_time.items())


def teacher_of(table: LabelTable) -> str:
    """Return which teacher made a table: provider, model, and the digest of its prompts."""
    made_by = table.made_by
    named = [str(made_by.get(key, "")) for key in ("provider", "model", "prompts_name")]
    prompts = str(made_by.get("prompts", ""))[:12]
    return " ".join(filter(None, (*named, prompts))) or "an unnamed teacher"


def _line(cue: Mapping[str, Any], kind: Kind, labels: Sequence[str]) -> str:
    seen = f"{str(cue['kind']).replace('_', ' ')}: {cue['observed']}"
    if kind == "all":
        return f"{seen} ({cue['suggests']})"
    names = "|".join(map(re.escape, labels))
    return re.sub(rf"\b(?:{names})\b", MASKED, seen, flags=re.IGNORECASE)
