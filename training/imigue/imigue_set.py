"""iMiGUE as a set of interviews to learn from: its keypoints, and who had won."""

from collections.abc import Mapping
from typing import Final

from engines.sequence.checkpoint import Fed
from engines.sequence.shape import Modality
from engines.spec.reading import Construct
from training.imigue.interviews import ImigueFolders
from training.imigue.labels import LABELS
from training.interview import Entry, Interview


class ImigueInterviews:
    """The interviews of a folder; appearance comes from the videos, by ``subface extract``.

    Args:
        folders: Where iMiGUE lies.
        entries: Of its labels.

    Attributes:
        name: What a card calls the data.
        labels: The names of the classes.
        taught: What they are of: no face shows who had won.
        word_delay_s: How late words were known.
    """

    name: Final = "iMiGUE"
    labels: Final = LABELS
    taught: Final[Construct] = "hidden_emotion"

    def __init__(self, folders: ImigueFolders, entries: tuple[Entry, ...]) -> None:
        self._folders = folders
        self.entries = entries
        self.word_delay_s = folders.speech_config.delay_s if folders.speech is not None else 0.0

    @property
    def fed(self) -> Mapping[Modality, Fed]:
        """What made the keypoints."""
        return {"keypoints": Fed(name="openpose-137")}

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, number: int, /) -> Interview:
        """Read an interview.

        Raises:
            DatasetError: If a file of it is missing or is not what was expected.
        """
        return self._folders.read(self.entries[number])
