"""Labelled grey faces in FER-2013's format, and the slice that everything is chosen on.

FER-2013 repeats pictures: 1,236 of its 28,707 training pictures are byte-identical to another, some
under another label, and 280 of its public test are byte-identical to a training picture. So a
picture's place, train or slice, is decided by its bytes: copies cannot come to lie on both sides,
and the slice stays the same whatever the file's order.
"""

import hashlib
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Int64, UInt8
from numpy import ndarray

from engines.errors import ConfigError
from engines.spec.labels import EXPRESSION_VALENCES, EXPRESSIONS, VALENCES

SIDE_PX: Final = 48
SLICE_OF: Final = 10
"""One picture of so many is kept for choosing and for the temperature."""


@dataclass(frozen=True, slots=True)
class LabelledFaces:
    """Pictures of faces, each with its expression.

    Attributes:
        images: Grey; read-only.
        labels: Indices into ``EXPRESSIONS``; read-only.
    """

    images: UInt8[ndarray, "N 48 48"]
    labels: Int64[ndarray, " N"]

    def __post_init__(self) -> None:
        self.images.setflags(write=False)
        self.labels.setflags(write=False)

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, kept: Bool[ndarray, " N"]) -> "LabelledFaces":
        """Return those that are kept, in their order."""
        return LabelledFaces(self.images[kept], self.labels[kept])

    def valences(self) -> Int64[ndarray, " N"]:
        """Return the valence that each expression counts as, as indices into ``VALENCES``."""
        places = np.array([VALENCES.index(valence) for valence in EXPRESSION_VALENCES])
        return np.asarray(places[self.labels])

    def digests(self) -> list[bytes]:
        """Return the SHA-256 of each picture's pixels."""
        return [hashlib.sha256(image.tobytes()).digest() for image in self.images]

    def consistent(self) -> "LabelledFaces":
        """Return each picture once, without those of one grey and those with two labels."""
        found = defaultdict[bytes, list[int]](list)
        for index, digest in enumerate(self.digests()):
            found[digest].append(index)
        kept = np.zeros(len(self), bool)
        for copies in found.values():
            flat = np.ptp(self.images[copies[0]]) == 0
            kept[copies[0]] = not flat and len(set(self.labels[copies].tolist())) == 1
        return self.where(kept)

    def once(self) -> "LabelledFaces":
        """Return each picture once: its first copy, whatever the labels of the others."""
        found = dict[bytes, int]()
        for index, digest in enumerate(self.digests()):
            found.setdefault(digest, index)
        kept = np.zeros(len(self), bool)
        kept[list(found.values())] = True
        return self.where(kept)

    def split(self) -> tuple["LabelledFaces", "LabelledFaces"]:
        """Return what is trained on, and the slice for choosing: a tenth, by the pixels' digest."""
        chosen = np.array(
            [int.from_bytes(digest[:8], "big") % SLICE_OF == 0 for digest in self.digests()], bool
        )
        return self.where(~chosen), self.where(chosen)

    def without(self, others: "LabelledFaces") -> "LabelledFaces":
        """Return those whose pixels are not also among others."""
        known = set(others.digests())
        return self.where(np.array([digest not in known for digest in self.digests()], bool))


def read_faces(path: Path) -> LabelledFaces:
    """Read ``images`` uint8 [N 48 48] and ``labels`` [N] from an npz file, without pickle.

    Raises:
        ConfigError: If the file is missing, damaged, or holds something else.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            images, labels = arrays["images"], arrays["labels"]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        msg = f"{path}: expected an npz file with images and labels: {error}"
        raise ConfigError(msg) from error
    if images.dtype != np.uint8 or images.shape[1:] != (SIDE_PX, SIDE_PX):
        msg = (
            f"{path}: images: expected uint8 [N, {SIDE_PX}, {SIDE_PX}], "
            f"got {images.dtype}{list(images.shape)}"
        )
        raise ConfigError(msg)
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        got = f"{labels.dtype}{list(labels.shape)}"
        msg = f"{path}: labels: expected {len(images)} integers, got {got}"
        raise ConfigError(msg)
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(EXPRESSIONS):
        msg = (
            f"{path}: labels: expected 0..{len(EXPRESSIONS) - 1} ({', '.join(EXPRESSIONS)}), "
            f"got {labels.min()}..{labels.max()}"
        )
        raise ConfigError(msg)
    return LabelledFaces(images, labels.astype(np.int64))
