"""Interviews that are read or drawn once and stay in memory, for all trainings of a table."""

from training.interview import Interview, InterviewSet
from training.interview_view import InterviewView


class RememberedInterviews(InterviewView):
    """A set of interviews.

    Args:
        interviews: Where they are read from.
    """

    def __init__(self, interviews: InterviewSet) -> None:
        super().__init__(interviews)
        self._read: dict[int, Interview] = {}

    def __getitem__(self, number: int, /) -> Interview:
        """Read an interview, or return it as it was read."""
        if number not in self._read:
            self._read[number] = super().__getitem__(number)
        return self._read[number]
