"""Labelled texts in GoEmotions' format, and the slice that everything is chosen on.

A comment may bear several labels, and 'ambiguous' is one of them. Only comments with exactly one
valence count: what raters were of two minds about teaches a network nothing that can be scored.
A text's place, train or slice, is decided by its letters alone: copies, and copies that differ in
case or punctuation, cannot come to lie on both sides.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Int64
from numpy import ndarray

from engines.errors import ConfigError

SLICE_OF: Final = 10
"""One text of so many is kept for choosing and for the temperature."""
AMBIGUOUS: Final = "0"
LABELS: Final = {"1": 0, "2": 1, "3": 2}
"""GoEmotions' ids of negative, neutral and positive, and their places among ``VALENCES``."""
COLUMNS: Final = 3  # text, label ids, the comment's id


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Texts, each with its valence.

    Attributes:
        texts: As they were written.
        labels: Indices into ``VALENCES``; read-only.
    """

    texts: tuple[str, ...]
    labels: Int64[ndarray, " N"]

    def __post_init__(self) -> None:
        self.labels.setflags(write=False)

    def __len__(self) -> int:
        return len(self.texts)

    def where(self, kept: Bool[ndarray, " N"]) -> "LabelledTexts":
        """Return those that are kept, in their order."""
        texts = tuple(text for text, keep in zip(self.texts, kept, strict=True) if keep)
        return LabelledTexts(texts, self.labels[kept])

    def stripped(self) -> "LabelledTexts":
        """Return the same texts as a recogniser of speech might write them."""
        return LabelledTexts(tuple(map(letters, self.texts)), self.labels)

    def digests(self) -> list[bytes]:
        """Return the SHA-256 of each text's letters."""
        return [hashlib.sha256(letters(text).encode()).digest() for text in self.texts]

    def folds(self) -> Int64[ndarray, " N"]:
        """Return which tenth each text lies in, by the digest of its letters."""
        places = [int.from_bytes(digest[:8], "big") % SLICE_OF for digest in self.digests()]
        return np.array(places, np.int64)

    def in_slice(self) -> Bool[ndarray, " N"]:
        """Return which texts are for choosing: the first tenth."""
        chosen: Bool[ndarray, " N"] = self.folds() == 0
        return chosen

    def among(self, others: "LabelledTexts") -> Bool[ndarray, " N"]:
        """Return which texts have the letters of one of the others."""
        known = set(others.digests())
        return np.array([digest in known for digest in self.digests()], bool)


def letters(text: str) -> str:
    """Return the lower-case letters of a text, its words one space apart.

    An apostrophe joins what it stands between; digits, marks and pictures go.
    """
    joined = text.lower().replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    return " ".join("".join(c if c.isalpha() else " " for c in joined).split())


def read_texts(path: Path) -> LabelledTexts:
    """Read the texts with exactly one valence: text TAB label ids TAB comment id, a line each.

    Raises:
        ConfigError: If the file is missing, is no such table, or holds no text that counts.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: expected lines of text TAB label ids TAB comment id: {error}"
        raise ConfigError(msg) from error
    texts, labels = [], []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        text, ids = _row(line, f"{path}:{number}")
        if len(ids) == 1 and ids[0] != AMBIGUOUS:
            texts.append(text)
            labels.append(LABELS[ids[0]])
    if not texts:
        msg = f"{path}: expected texts with exactly one of the labels {', '.join(LABELS)}, got none"
        raise ConfigError(msg)
    return LabelledTexts(tuple(texts), np.array(labels, np.int64))


def _row(line: str, where: str) -> tuple[str, Sequence[str]]:
    cells = line.rstrip("\r").split("\t")
    if len(cells) != COLUMNS:
        msg = f"{where}: expected text TAB label ids TAB comment id, got {len(cells)} columns"
        raise ConfigError(msg)
    ids = cells[1].split(",")
    for label in ids:
        if label != AMBIGUOUS and label not in LABELS:
            msg = f"{where}: label ids: expected 0 to 3, comma-joined, got {cells[1]!r}"
            raise ConfigError(msg)
    return cells[0], ids
