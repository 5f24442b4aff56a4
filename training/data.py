"""What a user names as data: made-up interviews, a folder of shards, or iMiGUE; and its folds.

Training and evaluation ask here, so that the same words mean the same interviews in the same folds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from configs import shipped
from engines.errors import ConfigError
from engines.sequence.shape import Closed
from stream.document import load_document
from training.errors import DatasetError
from training.extraction.manifest import MANIFEST
from training.extraction.shards import ShardFolder
from training.imigue.imigue_set import ImigueInterviews
from training.imigue.interviews import ImigueFolders
from training.imigue.labels import read_labels
from training.imigue.protocols import Cvpr21Split, MigaTrack3Split
from training.interview import Entry, InterviewSet
from training.split import Split, divide
from training.synthetic.interviews import SyntheticInterviews
from training.synthetic.script import SyntheticConfig

SYNTHETIC: Final = "synthetic"
SECTIONS: Final = (SYNTHETIC, "split")
"""Of ``--set``: what begins so is of the data; the rest is of the recipe."""

Protocol = Literal["cvpr21", "miga3"]
Share = Annotated[float, Field(gt=0, lt=1)]


class SplitConfig(Closed):
    """How data that come without folds are divided, by whole subjects."""

    validation: Share = 0.15
    test: Share = 0.2
    seed: Annotated[int, Field(ge=0)] = 0


class DataConfig(Closed):
    """What ``--set`` changes of the data."""

    synthetic: SyntheticConfig
    split: SplitConfig = SplitConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions:
    """What a user says of the data.

    Attributes:
        data: ``synthetic``, or a folder.
        labels: The file of labels.
        protocol: One of iMiGUE's; None: data are divided by ``split``.
        lists: The folder of the MiGA challenge's lists.
        overrides: ``key=value`` pairs below ``synthetic`` and ``split``.
        unlabelled: Whether interviews without a label are to be at hand; they lie in no fold.
    """

    data: str
    labels: Path | None = None
    protocol: Protocol | None = None
    lists: Path | None = None
    overrides: tuple[str, ...] = ()
    unlabelled: bool = False


def of_data(override: str) -> bool:
    """Return whether an override is of the data and not of the recipe."""
    return override.partition("=")[0].partition(".")[0] in SECTIONS


def open_data(options: DataOptions) -> tuple[InterviewSet, Split]:
    """Return the interviews that a user named, and their folds: train, test, perhaps validation.

    Raises:
        ConfigError: If options do not fit together or a value is wrong.
        DatasetError: If data or labels are missing or not what was expected; SplitError, if they
            cannot be divided.
    """
    config = load_document(DataConfig, shipped("training/synthetic.yaml"), options.overrides)
    if options.data == SYNTHETIC:
        _refuse_folders(options)
        interviews = SyntheticInterviews(config.synthetic)
        return interviews, divided(interviews.entries, config.split)
    folder = Path(options.data).expanduser()
    if (folder / MANIFEST).is_file():
        labels = _needed(options.labels, folder)
        shards = ShardFolder(folder, labels, unlabelled=options.unlabelled)
        return shards, _split(shards.labelled, options, config)
    if options.protocol is None:
        msg = (
            f"{folder}: expected {SYNTHETIC}, a folder that `subface extract` made (with "
            f"{MANIFEST}), or with --protocol cvpr21|miga3 one of iMiGUE"
        )
        raise DatasetError(msg)
    return _imigue(folder, options, config)


def divided(entries: Sequence[Entry], config: SplitConfig) -> Split:
    """Divide interviews by whole subjects."""
    shares = {
        "train": 1 - config.validation - config.test,
        "validation": config.validation,
        "test": config.test,
    }
    return divide(entries, shares, seed=config.seed)


def _imigue(folder: Path, options: DataOptions, config: DataConfig) -> tuple[InterviewSet, Split]:
    labels = folder / "labels.csv" if options.labels is None else options.labels
    keypoints = folder / "keypoints"
    folders = ImigueFolders(keypoints=keypoints if keypoints.is_dir() else folder)
    interviews = ImigueInterviews(folders, read_labels(labels))
    return interviews, _split(interviews.entries, options, config)


def _split(entries: Sequence[Entry], options: DataOptions, config: DataConfig) -> Split:
    match options.protocol:
        case None:
            return divided(entries, config.split)
        case "cvpr21":
            return Cvpr21Split.of(entries)
        case "miga3":
            if options.lists is None:
                msg = (
                    "--protocol miga3: give --lists FOLDER with train.txt, validation.txt and "
                    "test.txt, a video's id a line: the challenge's lists are not public"
                )
                raise ConfigError(msg)
            return MigaTrack3Split.of(entries, options.lists)


def _needed(labels: Path | None, folder: Path) -> Path:
    if labels is None:
        msg = (
            f"{folder}: give --labels FILE.csv with the columns name, subject and label, or the "
            "labels csv of iMiGUE: shards do not say what is to be learned"
        )
        raise ConfigError(msg)
    return labels


def _refuse_folders(options: DataOptions) -> None:
    given = {"--labels": options.labels, "--protocol": options.protocol, "--lists": options.lists}
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        msg = f"{wrong[0]} is for interviews that were recorded; made-up ones bring their own"
        raise ConfigError(msg)
