"""Interviews of another set, read differently; all that is said of them stays as it was."""

from collections.abc import Mapping

from engines.sequence.checkpoint import Fed
from engines.sequence.shape import Modality
from engines.spec.reading import Construct
from training.interview import Entry, Interview, InterviewSet


class InterviewView:
    """An ``InterviewSet`` over another; whoever changes something says what.

    Args:
        interviews: The other set.
    """

    def __init__(self, interviews: InterviewSet) -> None:
        self._interviews = interviews

    @property
    def name(self) -> str:
        """What a card calls the data."""
        return self._interviews.name

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Who is interviewed and what is to be learned."""
        return self._interviews.entries

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self._interviews.labels

    @property
    def taught(self) -> Construct:
        """What the classes are of."""
        return self._interviews.taught

    @property
    def fed(self) -> Mapping[Modality, Fed]:
        """What made the features."""
        return self._interviews.fed

    @property
    def word_delay_s(self) -> float:
        """How late words were known after they were said."""
        return self._interviews.word_delay_s

    def __len__(self) -> int:
        return len(self._interviews)

    def __getitem__(self, number: int, /) -> Interview:
        """Read an interview."""
        return self._interviews[number]
