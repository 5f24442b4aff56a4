"""A shard: the features of one person in one epoch of a source, as one file of plain arrays.

NumPy's own .npz, uncompressed: it needs no library that the monitor does not have, holds nothing
but arrays, is read without pickle, and the same arrays make the same bytes. Nothing of the picture
or of the sound is in it, but a body's points, a face's embedding and a text's are personal all the
same.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from numpy import ndarray

from engines.spec.skeleton import POINTS
from engines.spec.tick import PersonTick
from engines.spec.timegrid import TimeGrid
from training.errors import DatasetError
from training.interview import Entry, Interview

REMEDY = "`subface extract` of its source into the same folder makes it anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One person over consecutive ticks, as in ``Interview``, but for what is to be learned.

    Attributes:
        time_s: Media time of the frame on each tick, or where the tick begins; rising.
        shot: The shot that the frame belongs to.
        keypoints: OpenPose-137 as (x, y, score) in pixels.
        keypoints_valid: True for the ticks with keypoints.
        appearance: The embedding of the picture; D is 0 if there was none at all.
        appearance_valid: True for the ticks with an embedding.
        text: An embedding of what had been said, each time that more was known; E is 0 if nothing
            was.
        text_available_s: Media time from which on each of them was known; rising.
    """

    time_s: Float64[ndarray, " T"]
    shot: Int64[ndarray, " T"]
    keypoints: Float32[ndarray, "T 137 3"]
    keypoints_valid: Bool[ndarray, " T"]
    appearance: Float32[ndarray, "T D"]
    appearance_valid: Bool[ndarray, " T"]
    text: Float32[ndarray, "U E"]
    text_available_s: Float64[ndarray, " U"]

    @classmethod
    def of(cls, ticks: list[PersonTick], grid: TimeGrid) -> Self:
        """Lay the ticks of one person and epoch one after the other, those without data between.

        Args:
            ticks: At least one; their places rise.
            grid: On which they lie.
        """
        first = ticks[0].tick
        count = ticks[-1].tick - first + 1
        rows = np.array([tick.tick - first for tick in ticks])
        time_s = np.array([grid.start_s(first + row) for row in range(count)])
        time_s[rows] = [tick.time_s for tick in ticks]
        newest = np.searchsorted(rows, np.arange(count), side="right") - 1
        keypoints, keypoints_valid = _laid(
            [tick.keypoints for tick in ticks], rows, count, (POINTS, 3)
        )
        looks = [tick.appearance for tick in ticks]
        width = next((len(look) for look in looks if look is not None), 0)
        appearance, appearance_valid = _laid(looks, rows, count, (width,))
        text, available_s = _texts(ticks, rows, time_s)
        return cls(
            time_s=time_s,
            shot=np.array([tick.shot for tick in ticks], np.int64)[newest],
            keypoints=keypoints,
            keypoints_valid=keypoints_valid,
            appearance=appearance,
            appearance_valid=appearance_valid,
            text=text,
            text_available_s=available_s,
        )

    @property
    def seen(self) -> Bool[ndarray, " T"]:
        """On which ticks there was anything of the person to see."""
        return np.asarray(self.keypoints_valid | self.appearance_valid)

    def interview(self, entry: Entry, *, grid_hz: float) -> Interview:
        """Return it with what is to be learned from it.

        Args:
            entry: Who, and what.
            grid_hz: Ticks a second.

        Raises:
            DatasetError: If it is not what an interview must be; see there.
        """
        arrays = {item.name: getattr(self, item.name) for item in fields(self)}
        return Interview(entry=entry, grid_hz=grid_hz, **arrays)

    def to_bytes(self) -> bytes:
        """Return the content of its file."""
        file = io.BytesIO()
        np.savez(file, **{item.name: getattr(self, item.name) for item in fields(self)})
        return file.getvalue()


def write_shard(path: Path, shard: Shard) -> tuple[str, int]:
    """Write a shard by a rename, and return the digest and the size of its file."""
    content = shard.to_bytes()
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
    return hashlib.sha256(content).hexdigest(), len(content)


def read_shard(path: Path, *, sha256: str, size_bytes: int) -> Shard:
    """Read a shard, after it was found to be the one that is meant.

    Args:
        path: Its file.
        sha256: The digest that it was written with.
        size_bytes: The size that it was written with.

    Raises:
        DatasetError: If it is not there, is cut off, was changed, or is no shard; the message
            names the file and the remedy.
    """
    content = read_whole(path, sha256=sha256, size_bytes=size_bytes)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return Shard(**{item.name: _array(arrays, item.name) for item in fields(Shard)})
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        msg = f"{path}: no shard that this version can read: {error}; {REMEDY}"
        raise DatasetError(msg) from error


def read_whole(path: Path, *, sha256: str, size_bytes: int) -> bytes:
    """Return the content of a shard's file; raises as ``read_shard`` does."""
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"{path}: the shard cannot be read: {error.strerror}; {REMEDY}"
        raise DatasetError(msg) from error
    if len(content) < size_bytes:
        msg = f"{path}: it is cut off after {len(content):,} of {size_bytes:,} bytes; {REMEDY}"
        raise DatasetError(msg)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        msg = (
            f"{path}: it was changed: expected sha256 {sha256[:12]}..., got {found[:12]}...; "
            f"{REMEDY}"
        )
        raise DatasetError(msg)
    return content


def _array(arrays: "np.lib.npyio.NpzFile", name: str) -> ndarray[Any, Any]:
    array: ndarray[Any, Any] = arrays[name]
    return array


def _laid(
    vectors: list[Float32[ndarray, "..."] | None],
    rows: Int64[ndarray, " N"],
    count: int,
    shape: tuple[int, ...],
) -> tuple[Float32[ndarray, "T ..."], Bool[ndarray, " T"]]:
    laid = np.zeros((count, *shape), np.float32)
    valid = np.zeros(count, np.bool_)
    for row, vector in zip(rows, vectors, strict=True):
        if vector is not None:
            laid[row], valid[row] = vector, True
    return laid, valid


def _texts(
    ticks: list[PersonTick], rows: Int64[ndarray, " N"], time_s: Float64[ndarray, " T"]
) -> tuple[Float32[ndarray, "U E"], Float64[ndarray, " U"]]:
    """Return each text that was another than before, known exactly from its first tick on.

    Live, words may have been available for some ticks when they arrive: a network stepped them
    only then.
    """
    embeddings, available_s = [], []
    text = None
    for tick, row in zip(ticks, rows, strict=True):
        if tick.text is None or tick.text is text:
            continue
        text = tick.text
        before_s = time_s[row - 1] if row else -np.inf
        embeddings.append(text.embedding)
        available_s.append(text.available_s if text.available_s > before_s else tick.time_s)
    if not embeddings:
        return np.zeros((0, 0), np.float32), np.zeros(0)
    return np.stack(embeddings).astype(np.float32), np.array(available_s)
