"""Interviews with a teacher's notes beside the words, for the text branch; offline alone.

The branch's vector is twice as wide: words, then notes, embedded by one encoder, zeros where there
are none. A live run has no teacher and feeds zeros; so notes are withheld from some of the
interviews in training (``augment.reasoning`` of the recipe), and whoever is evaluated is read both
with them and without.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from engines.sequence.checkpoint import Beside, NetworkDescription
from training.errors import DatasetError
from training.interview import Interview, InterviewSet
from training.interview_view import InterviewView

Kind = Literal["cues", "all"]
"""What of a teacher's notes; see ``training.reasoning.notes``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Whose notes, and how they are embedded.

    Attributes:
        kind: What of them.
        teacher: Whose.
        digest: Of the table of labels that held them.
        width: Of an embedding.
    """

    kind: Kind
    teacher: str
    digest: str
    width: int

    def told(self) -> str:
        """Return whose and what they are, as cards and errors name it."""
        return self.beside(withheld=0).told()

    def beside(self, *, withheld: float) -> Beside:
        """Return how a checkpoint states it.

        Args:
            withheld: How often in training.
        """
        return Beside(
            kind=self.kind,
            teacher=self.teacher,
            labels=self.digest,
            width=self.width,
            withheld=withheld,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedNotes:
    """The notes of one interview.

    Attributes:
        vectors: In time.
        time_s: From which on each is given; infinite: when the interview is over.
    """

    vectors: Float32[ndarray, "M R"]
    time_s: Float64[ndarray, " M"]


class ReasonedInterviews(InterviewView):
    """An ``InterviewSet`` with notes.

    Args:
        interviews: The set.
        source: Whose notes.
        notes: By the interview's name; one that is not here has none. None: they are withheld
            from everybody.

    Attributes:
        source: Whose notes.
    """

    def __init__(
        self,
        interviews: InterviewSet,
        source: Source,
        notes: Mapping[str, EmbeddedNotes] | None = None,
    ) -> None:
        super().__init__(interviews)
        self._notes = notes
        self.source = source

    @property
    def given(self) -> bool:
        """Whether there are notes, or they are withheld from everybody."""
        return self._notes is not None

    @property
    def withheld(self) -> "ReasonedInterviews":
        """The same interviews, read as a live run must: nobody has notes."""
        return ReasonedInterviews(self._interviews, self.source)

    @property
    def name(self) -> str:
        """What a card calls the data; with notes they are others to be calibrated on."""
        plain = super().name
        return f"{plain}, with {self.source.told()}" if self.given else plain

    def __getitem__(self, number: int, /) -> Interview:
        interview = super().__getitem__(number)
        width = self.source.width
        if not interview.text.shape[1]:  # nothing was said in it
            interview = replace(interview, text=np.zeros((0, width), np.float32))
        own = (self._notes or {}).get(interview.entry.name)
        if own is None:
            none = np.zeros((0, width), np.float32)
            return replace(interview, notes=none, notes_available_s=np.zeros(0))
        # what was noted after the last tick no tick sees
        time_s = np.where(np.isinf(own.time_s), interview.time_s[-1], own.time_s)
        known = time_s <= interview.time_s[-1]
        return replace(interview, notes=own.vectors[known], notes_available_s=time_s[known])


def readings(interviews: InterviewSet) -> tuple[InterviewSet, ...]:
    """Return interviews as a live run reads them, and then with notes, if they have any."""
    if isinstance(interviews, ReasonedInterviews) and interviews.given:
        return interviews.withheld, interviews
    return (interviews,)


def as_learned(interviews: InterviewSet, network: NetworkDescription) -> InterviewSet:
    """Return interviews as wide as a network learned them: without notes, if it had any.

    Raises:
        DatasetError: If they have notes of another kind or teacher than the network learned from.
    """
    beside = network.beside.get("text")
    if not isinstance(interviews, ReasonedInterviews):
        return interviews if beside is None else ReasonedInterviews(interviews, _source(beside))
    given = interviews.source
    learned = None if beside is None else (beside.kind, beside.teacher, beside.width)
    if learned == (given.kind, given.teacher, given.width):
        return interviews
    what = "no notes" if beside is None else beside.told()
    msg = (
        f"{network.name} learned from {what}, these interviews have "
        f"{given.told()}: leave --reasoning out, or give what it learned from"
    )
    raise DatasetError(msg)


def _source(beside: Beside) -> Source:
    return Source(
        kind=beside.kind, teacher=beside.teacher, digest=beside.labels, width=beside.width
    )
