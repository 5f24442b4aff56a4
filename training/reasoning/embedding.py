"""A teacher's notes as a user asks for them, embedded where there is torch."""

from pathlib import Path

from engines.models.store import ModelStore
from training.interview import InterviewSet
from training.reasoning.opening import encoder_files, read_notes, with_notes, words_of
from training.reasoning.reasoned import Kind, ReasonedInterviews
from training.starter.text_embedding import TextEmbedder


def embedded_notes(
    interviews: InterviewSet, path: Path, kind: Kind, *, cache: Path
) -> ReasonedInterviews:
    """Return interviews with a teacher's notes, by the encoder of their words.

    Args:
        interviews: As they were opened.
        path: What ``subface label`` wrote.
        kind: What of its notes.
        cache: Folder that the vectors are kept in.

    Raises:
        DatasetError: If there are no notes, no words, or words of an encoder that there is not.
        ModelError: If the encoder is missing.
    """
    weights, tokenizer = encoder_files(words_of(interviews), ModelStore())
    sheet = read_notes(path, kind, interviews)
    return with_notes(interviews, sheet, TextEmbedder(weights, tokenizer, cache))
