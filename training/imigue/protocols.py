"""iMiGUE's two protocols, each a type of its own: their figures are never to be compared.

Both hold other people in training than in testing, which a split checks when it is made, and both
have official counts, so that a figure under their name is over what others scored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

from training.errors import DatasetError, SplitError
from training.imigue.cvpr21_videos import TEST, TRAIN
from training.imigue.labels import ACCESS, LABELS, identifier, of_videos
from training.interview import Entry
from training.split import Split

FOLDS: Final = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialSplit(Split):
    """A split whose counts are given.

    Raises:
        SplitError: As ``Split``, or if a fold has other counts than the official ones.
    """

    official: ClassVar[Mapping[str, Mapping[int, int]]] = {}
    """Interviews by fold and class."""

    def __post_init__(self) -> None:
        Split.__post_init__(self)
        if set(self.folds) != set(self.official):
            msg = f"{self.protocol}: expected the folds {', '.join(self.official)}"
            raise SplitError(msg)
        for fold, expected in self.official.items():
            got = self.counts(fold)
            if got != dict(expected):
                msg = f"{self.protocol}: {fold}: expected {_told(expected)}, got {_told(got)}"
                raise SplitError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cvpr21Split(OfficialSplit):
    """The emotion protocol of CVPR 2021: 102 videos to train on, 100 to test on, half of them won.

    It has no validation fold: choose by leaving subjects of ``train`` out.
    """

    protocol: ClassVar[str] = "imigue-cvpr21"
    official: ClassVar[Mapping[str, Mapping[int, int]]] = {
        "train": {0: 51, 1: 51},
        "test": {0: 50, 1: 50},
    }

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Self:
        """Split all entries of the labels as the protocol has it.

        Raises:
            DatasetError: If the labels lack a video; SplitError as the class says.
        """
        entries = tuple(entries)
        videos = {"train": TRAIN, "test": TEST}
        return cls(
            folds={
                fold: of_videos(entries, map(str, own), fold=f"{cls.protocol}: {fold}")
                for fold, own in videos.items()
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MigaTrack3Split(OfficialSplit):
    """Track 3 of the MiGA challenge: 245 to train on, 10 that were all won, 104 to test on."""

    protocol: ClassVar[str] = "imigue-miga-track3"
    official: ClassVar[Mapping[str, Mapping[int, int]]] = {
        "train": {0: 53, 1: 192},
        "validation": {1: 10},
        "test": {0: 48, 1: 56},
    }

    @classmethod
    def of(cls, entries: Iterable[Entry], folder: Path) -> Self:
        """Split all entries of the labels as the challenge's lists have it.

        Args:
            entries: All of the labels.
            folder: It holds ``train.txt``, ``validation.txt`` and ``test.txt``, a video's id a
                line: the lists are the challenge's, and not public.

        Raises:
            DatasetError: If a list is missing, or the labels lack a video; SplitError as the class
                says.
        """
        entries = tuple(entries)
        folds = {
            fold: of_videos(entries, _ids(folder / f"{fold}.txt"), fold=f"{cls.protocol}: {fold}")
            for fold in FOLDS
        }
        return cls(folds=folds, one_class=("validation",))


def _ids(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: expected the list of a fold, the id of a video a line; {ACCESS}: {error}"
        raise DatasetError(msg) from error
    return [identifier(line) for line in lines if line.strip()]


def _told(counts: Mapping[int, int]) -> str:
    return " and ".join(f"{count} {LABELS[label]}" for label, count in sorted(counts.items()))
