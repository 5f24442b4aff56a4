"""Interviews with notes as a user asks for them: a table of labels, and the words' own encoder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.models.manifest import DerivedModel
from engines.models.store import ModelStore
from engines.sequence.checkpoint import Fed
from training.errors import DatasetError
from training.imigue.labels import identifier
from training.interview import Entry, InterviewSet
from training.reasoning.notes import Note, NoteSheet
from training.reasoning.reasoned import EmbeddedNotes, ReasonedInterviews, Source


class Embedder(Protocol):
    """Turns texts into vectors."""

    digest: str
    """SHA-256 of its weights."""

    def embed(self, texts: Sequence[str]) -> Float32[ndarray, "N R"]:
        """Return the vectors of texts, in their order."""
        ...


def with_notes(
    interviews: InterviewSet, sheet: NoteSheet, embedder: Embedder
) -> ReasonedInterviews:
    """Return interviews with a teacher's notes.

    Args:
        interviews: With words.
        sheet: The notes; a clip is named as the interview is, leading zeros of a number aside.
        embedder: The one that embedded the words.

    Raises:
        DatasetError: If the words are another encoder's, there are none, or no clip is one of these
            interviews.
    """
    words = words_of(interviews)
    if words.digest != embedder.digest:
        msg = (
            f"{interviews.name}: its words were embedded by {words.name} "
            f"({str(words.digest)[:12]}), the notes would be by {embedder.digest[:12]}; expected "
            "one encoder for both"
        )
        raise DatasetError(msg)
    notes = _of_interviews(interviews.entries, sheet)
    if not notes:
        msg = (
            f"{interviews.name}: the labels of {sheet.teacher} have notes on {_few(sheet.notes)}, "
            f"none of them an interview such as {interviews.entries[0].name}"
        )
        raise DatasetError(msg)
    vectors = embedder.embed([note.text for own in notes.values() for note in own])
    embedded: dict[str, EmbeddedNotes] = {}
    first = 0
    for name, own in notes.items():
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


def _of_interviews(entries: Sequence[Entry], sheet: NoteSheet) -> dict[str, tuple[Note, ...]]:
    clips = {identifier(clip): own for clip, own in sheet.notes.items()} | dict(sheet.notes)
    found = {
        entry.name: clips.get(entry.name) or clips.get(identifier(entry.name)) for entry in entries
    }
    return {name: own for name, own in found.items() if own is not None}


def _few(notes: Mapping[str, tuple[Note, ...]]) -> str:
    return f"{len(notes)} clips, such as {next(iter(notes))}"
