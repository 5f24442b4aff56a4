"""A data set as it is worked on: its file, its clips and its folds."""

from dataclasses import dataclass
from pathlib import Path

from training.skeletons.clips import Clips, Fold, make_clips, make_folds
from training.skeletons.datasets import Dataset
from training.skeletons.recordings import Recordings, read_recordings
from training.skeletons.skeleton import Skeleton


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """A data set, read and cut.

    Attributes:
        name: Its key.
        dataset: What was settled about it.
        recordings: As read.
        clips: As cut.
        folds: Of its protocol.
    """

    name: str
    dataset: Dataset
    recordings: Recordings
    clips: Clips
    folds: tuple[Fold, ...]

    @property
    def skeleton(self) -> Skeleton:
        """What its clips have in common."""
        return Skeleton(
            edges=self.recordings.edges,
            root=self.recordings.joints.index(self.dataset.root),
            classes=len(self.recordings.classes),
            ticks=self.dataset.ticks,
            warps=not self.dataset.window,
            drawn=self.dataset.drawn,
        )


def read_material(name: str, dataset: Dataset, folder: Path) -> Material:
    """Read and cut a data set.

    Raises:
        DatasetError: If its file is not as expected.
        SplitError: If its subjects do not allow its protocol.
    """
    recordings = read_recordings(folder / dataset.file)
    clips = make_clips(recordings, dataset)
    return Material(
        name=name,
        dataset=dataset,
        recordings=recordings,
        clips=clips,
        folds=make_folds(clips, dataset),
    )
