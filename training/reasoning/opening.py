"""Interviews with notes as a user asks for them: a table of labels, and the words' own encoder."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.models.manifest import DerivedModel
from engines.models.store import ModelStore
from engines.sequence.checkpoint import Fed
from training.errors import DatasetError
from training.interview import InterviewSet
from training.labelling.table import read_table
from training.learning.labelled_pool import judged_in
from training.reasoning.notes import NoteSheet, notes_of, teacher_of
from training.reasoning.reasoned import EmbeddedNotes, Kind, ReasonedInterviews, Source


class Embedder(Protocol):
    """Turns texts into vectors."""

    digest: str
    """SHA-256 of its weights."""

    def embed(self, texts: Sequence[str]) -> Float32[ndarray, "N R"]:
        """Return the vectors of texts, in their order."""
        ...


def read_notes(path: Path, kind: Kind, interviews: InterviewSet) -> NoteSheet:
    """Read what ``subface label`` wrote of interviews.

    Args:
        path: The table.
        kind: What of its notes.
        interviews: As they were opened; a clip is found as one of a pool is (``labelled_pool``).

    Raises:
        DatasetError: If it cannot be read, or its teacher noted nothing of this kind of them.
    """
    table = read_table(path)
    judged, _ = judged_in(table, interviews)
    notes = {
        name: own
        for name, samples in judged.items()
        if (own := notes_of(samples, kind=kind, labels=table.labels))
    }
    if not notes:
        msg = (
            f"{path}: {teacher_of(table)} noted no {'cues' if kind == 'cues' else 'reasoning'} of "
            f"the interviews of {interviews.name}, of which {len(judged)} are in it; only a model "
            "that is asked notes cues (gemini, openai, transformers, recorded)"
        )
        raise DatasetError(msg)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return NoteSheet(kind=kind, teacher=teacher_of(table), digest=digest, notes=notes)


def with_notes(
    interviews: InterviewSet, sheet: NoteSheet, embedder: Embedder
) -> ReasonedInterviews:
    """Return interviews with a teacher's notes.

    Args:
        interviews: With words.
        sheet: The notes.
        embedder: The one that embedded the words.

    Raises:
        DatasetError: If the words are another encoder's, or there are none.
    """
    words = words_of(interviews)
    if words.digest != embedder.digest:
        msg = (
            f"{interviews.name}: its words were embedded by {words.name} "
            f"({str(words.digest)[:12]}), the notes would be by {embedder.digest[:12]}; expected "
            "one encoder for both"
        )
        raise DatasetError(msg)
    vectors = embedder.embed([note.text for own in sheet.notes.values() for note in own])
    embedded: dict[str, EmbeddedNotes] = {}
    first = 0
    for name, own in sheet.notes.items():
        embedded[name] = EmbeddedNotes(
            vectors=vectors[first : first + len(own)],
            time_s=np.array([note.time_s for note in own]),
        )
        first += len(own)
    source = Source(
        kind=sheet.kind, teacher=sheet.teacher, digest=sheet.digest, width=vectors.shape[1]
    )
    return ReasonedInterviews(interviews, source, embedded)


def words_of(interviews: InterviewSet) -> Fed:
    """Return what embedded the words of interviews.

    Raises:
        DatasetError: If there are none.
    """
    words = interviews.fed.get("text")
    if words is None:
        msg = (
            f"{interviews.name}: no words; a teacher's reasoning is an input beside them, so "
            "extract with a profile that listens, or leave --reasoning out"
        )
        raise DatasetError(msg)
    return words


def encoder_files(words: Fed, store: ModelStore) -> tuple[Path, Path]:
    """Return the weights and the tokenizer of what embedded the words.

    Raises:
        DatasetError: If it is no text encoder of the manifest.
        ModelError: If a file is missing or not the one that the manifest names.
    """
    model = store.manifest.models.get(words.name)
    if not isinstance(model, DerivedModel) or model.tokens is None:
        msg = (
            f"words by {words.name}: expected a text encoder of the manifest, so that the "
            "reasoning is embedded by the same; leave --reasoning out"
        )
        raise DatasetError(msg)
    return store.path(model.made_from), store.tokenizer(words.name)
