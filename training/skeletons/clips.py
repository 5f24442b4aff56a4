"""Clips: what is classified, whole recordings or windows of them, and the folds they lie in.

A recording is moved to its median root and scaled by its median trunk, so that where somebody stood
and how tall they are does not matter. A joint that was not found takes the place where it was last
or next seen, whichever is nearer in time; one that never was stays missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Int64
from numpy import ndarray

from training.errors import DatasetError, SplitError
from training.skeletons.datasets import Dataset
from training.skeletons.recordings import Recordings

FEWEST_FRAMES = 4  # of a recording, before frames without anybody are left out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clips:
    """Pieces of a row of frames; arrays are read-only.

    Attributes:
        frames: In trunks from the recording's median root.
        seen: Which joints were found at all, of each frame.
        first: Of each clip.
        last: Of each clip, which belongs to it.
        labels: Classes.
        subjects: Who is seen.
        recordings: Which recording each clip is of.
    """

    frames: Float32[ndarray, "F J 3"]
    seen: Bool[ndarray, "F J"]
    first: Int64[ndarray, " N"]
    last: Int64[ndarray, " N"]
    labels: Int64[ndarray, " N"]
    subjects: tuple[str, ...]
    recordings: Int64[ndarray, " N"]

    def __post_init__(self) -> None:
        for array in (self.frames, self.seen, self.first, self.last, self.labels, self.recordings):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, subjects: frozenset[str]) -> "Clips":
        """Return the clips of some subjects."""
        kept = np.array([subject in subjects for subject in self.subjects], bool)
        return replace(
            self,
            first=self.first[kept],
            last=self.last[kept],
            labels=self.labels[kept],
            subjects=tuple(name for name in self.subjects if name in subjects),
            recordings=self.recordings[kept],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Subjects that are trained on, and others that are tested.

    Attributes:
        train: Subjects.
        test: Subjects.

    Raises:
        SplitError: If one is empty, or somebody is in both.
    """

    train: frozenset[str]
    test: frozenset[str]

    def __post_init__(self) -> None:
        both = sorted(self.train & self.test)
        if both or not self.train or not self.test:
            msg = (
                f"fold: expected subjects to train and others to test, got {sorted(self.train)} "
                f"and {sorted(self.test)}, in both {both}"
            )
            raise SplitError(msg)

    def within(self) -> Iterator["Fold"]:
        """Leave out one subject of the training at a time."""
        for subject in sorted(self.train):
            yield Fold(train=self.train - {subject}, test=frozenset({subject}))


def make_folds(clips: Clips, dataset: Dataset) -> tuple[Fold, ...]:
    """Return the folds of a data set's protocol.

    Raises:
        SplitError: If its subjects do not allow it.
    """
    subjects = frozenset(clips.subjects)
    if dataset.left_out == "each":
        return tuple(
            Fold(train=subjects - {subject}, test=frozenset({subject}))
            for subject in sorted(subjects)
        )
    if not all(subject.isdigit() for subject in subjects):
        msg = f"{dataset.file}: subjects: expected numbers, odd and even, got {sorted(subjects)}"
        raise SplitError(msg)
    odd = frozenset(subject for subject in subjects if int(subject) % 2)
    return (Fold(train=odd, test=subjects - odd),)


def make_clips(recordings: Recordings, dataset: Dataset) -> Clips:
    """Cut recordings into clips.

    Raises:
        DatasetError: If the joints that the data set is scaled by are not among those recorded, or
            a recording has one label where each frame was to have its own, or the other way round.
    """
    for joint in (dataset.root, dataset.top):
        if joint not in recordings.joints:
            got = ", ".join(recordings.joints)
            msg = f"{dataset.file}: joint_names: expected {joint} among them, got {got}"
            raise DatasetError(msg)
    if recordings.whole == bool(dataset.window):
        what = "frame_labels" if dataset.window else "labels"
        msg = f"{dataset.file}: expected {what}, got the other"
        raise DatasetError(msg)
    frames: list[ndarray] = []
    seen: list[ndarray] = []
    cuts: list[ndarray] = []  # first, last, label, recording
    names: list[str] = []
    begun, ends = 0, np.cumsum(recordings.lengths)
    for place, end in enumerate(ends):
        rows = slice(end - recordings.lengths[place], end)
        if not recordings.listed[place]:
            continue
        joints, found, kept = _filled(recordings.frames[rows])
        frames.append(_placed(joints, recordings.joints, dataset))
        seen.append(found)
        own = _cut(recordings.labels[rows][kept], dataset)
        own[:, :2] += begun
        cuts.append(np.column_stack([own, np.full(len(own), place)]))
        names.extend([recordings.subjects[place]] * len(own))
        begun += len(joints)
    first, last, labels, places = np.concatenate(cuts).T
    return Clips(
        frames=np.concatenate(frames).astype(np.float32),
        seen=np.concatenate(seen),
        first=first.copy(),
        last=last.copy(),
        labels=labels.copy(),
        subjects=tuple(names),
        recordings=places.copy(),
    )


def _cut(labels: Int64[ndarray, " F"], dataset: Dataset) -> Int64[ndarray, "N 3"]:
    if not dataset.window:
        return np.array([[0, len(labels) - 1, labels[0]]])
    first = np.arange(0, len(labels) - dataset.window + 1, dataset.stride)
    middle = labels[first + dataset.window // 2]
    return np.column_stack([first, first + dataset.window - 1, middle])


def _filled(
    frames: Float32[ndarray, "F J 3"],
) -> tuple[Float32[ndarray, "G J 3"], Bool[ndarray, "G J"], Bool[ndarray, " F"]]:
    found = np.abs(frames).sum(axis=2) > 0
    filled = frames.copy()
    places = np.arange(len(frames))
    for joint in np.flatnonzero(~found.all(axis=0) & found.any(axis=0)):
        known = np.flatnonzero(found[:, joint])
        nearest = known[np.abs(places[:, None] - known).argmin(axis=1)]
        filled[:, joint] = frames[nearest, joint]
    anybody = found.any(axis=1)
    if anybody.sum() < FEWEST_FRAMES:
        anybody[:] = True
    ever = np.broadcast_to(found.any(axis=0), found.shape)
    return filled[anybody], ever[anybody], anybody


def _placed(
    joints: Float32[ndarray, "F J 3"], names: tuple[str, ...], dataset: Dataset
) -> Float32[ndarray, "F J 3"]:
    root, top = (joints[:, names.index(name)] for name in (dataset.root, dataset.top))
    trunk = np.median(np.linalg.norm(top - root, axis=1))
    placed: Float32[ndarray, "F J 3"] = (joints - np.median(root, axis=0)) / (trunk + 1e-6)
    return placed
