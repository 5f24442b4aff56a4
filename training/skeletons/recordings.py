"""Recordings of skeletons as the shared files hold them, checked when they are read.

A file has ``frames`` [F J 3], ``lengths`` [N] that say where each recording ends, ``subjects`` [N],
``labels`` [N] or ``frame_labels`` [F], ``class_names``, ``joint_names``, ``edges`` [E 2] and
``fps``. A joint at the origin was not found: Kinect writes zeros for one.
"""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float32, Int64
from numpy import ndarray

from training.errors import DatasetError

REQUIRED: Final = ("frames", "lengths", "subjects", "class_names", "joint_names", "edges", "fps")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recordings:
    """What a file holds; arrays are read-only.

    Attributes:
        frames: Of all recordings, one after the other; a joint that was not found is zero.
        lengths: Frames of each recording.
        labels: Of each frame; those of a recording may all be the same.
        subjects: Who is seen in each recording.
        listed: False for the recordings that the published split leaves out.
        classes: Names.
        joints: Names.
        edges: Which joints hang together.
        fps: Frames a second.
        whole: Whether a recording has one label, and not each frame its own.
        sha256: Of the file.
    """

    frames: Float32[ndarray, "F J 3"]
    lengths: Int64[ndarray, " N"]
    labels: Int64[ndarray, " F"]
    subjects: tuple[str, ...]
    listed: Bool[ndarray, " N"]
    classes: tuple[str, ...]
    joints: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    fps: float
    whole: bool
    sha256: str

    def __post_init__(self) -> None:
        for array in (self.frames, self.lengths, self.labels, self.listed):
            array.setflags(write=False)


def read_recordings(path: Path) -> Recordings:
    """Read a file of recordings, without pickle.

    Raises:
        DatasetError: If the file is missing, damaged, or its arrays do not fit each other.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        msg = f"{path}: expected an npz file of skeletons: {error}"
        raise DatasetError(msg) from error
    missing = [name for name in REQUIRED if name not in arrays]
    if not {"labels", "frame_labels"} & set(arrays):
        missing.append("labels or frame_labels")
    if missing:
        msg = f"{path}: expected {', '.join(missing)}, got {', '.join(sorted(arrays))}"
        raise DatasetError(msg)
    _refuse_misfits(path, arrays)
    return _recordings(arrays, digest)


def _recordings(arrays: dict[str, Any], digest: str) -> Recordings:
    lengths = arrays["lengths"].astype(np.int64)
    whole = "labels" in arrays
    labels = np.repeat(arrays["labels"], lengths) if whole else arrays["frame_labels"]
    return Recordings(
        frames=arrays["frames"].astype(np.float32),
        lengths=lengths,
        labels=labels.astype(np.int64),
        subjects=tuple(str(subject) for subject in arrays["subjects"]),
        listed=arrays.get("in_cvpr12_list", np.ones(len(lengths), bool)),
        classes=tuple(str(name) for name in arrays["class_names"]),
        joints=tuple(str(name) for name in arrays["joint_names"]),
        edges=tuple((int(first), int(second)) for first, second in arrays["edges"]),
        fps=float(arrays["fps"]),
        whole=whole,
        sha256=digest,
    )


def _refuse_misfits(path: Path, arrays: dict[str, Any]) -> None:
    frames, lengths = arrays["frames"], arrays["lengths"]
    joints, classes = len(arrays["joint_names"]), len(arrays["class_names"])
    if frames.dtype.kind != "f" or frames.ndim != 3 or frames.shape[1:] != (joints, 3):  # noqa: PLR2004 (frames, joints, x y z)
        _refuse(path, "frames", f"float [F, {joints}, 3]", f"{frames.dtype}{list(frames.shape)}")
    if not np.isfinite(frames).all():
        places = np.flatnonzero(~np.isfinite(frames).all(axis=(1, 2)))
        _refuse(path, "frames", "numbers", f"NaN or infinity in {len(places)}, first {places[0]}")
    if not len(lengths) or lengths.sum() != len(frames) or lengths.min() < 2:  # noqa: PLR2004 (offsets)
        got = f"a sum of {lengths.sum()}, the shortest {min(lengths, default=0)}"
        _refuse(path, "lengths", f"two at least and {len(frames)} together", got)
    of_frames = "labels" not in arrays
    labels = arrays["frame_labels" if of_frames else "labels"]
    wanted = len(frames) if of_frames else len(lengths)
    for name, array, count in (
        ("labels", labels, wanted),
        ("subjects", arrays["subjects"], len(lengths)),
        ("in_cvpr12_list", arrays.get("in_cvpr12_list", lengths), len(lengths)),
    ):
        if array.shape != (count,):
            _refuse(path, name, f"[{count}]", str(list(array.shape)))
    if labels.dtype.kind not in "iu" or not 0 <= labels.min() <= labels.max() < classes:
        got = f"{labels.dtype} {labels.min()}..{labels.max()}"
        _refuse(path, "labels", f"integers 0..{classes - 1}", got)
    edges = arrays["edges"]
    if (
        edges.shape != (len(edges), 2)
        or not edges.size
        or not 0 <= edges.min() <= edges.max() < joints
    ):
        _refuse(path, "edges", f"pairs of joints 0..{joints - 1}", str(list(edges.shape)))


def _refuse(path: Path, what: str, expected: str, got: str) -> None:
    msg = f"{path}: {what}: expected {expected}, got {got}"
    raise DatasetError(msg)
