"""What keeps a teacher from answering, below ``engines.errors.SubfaceError``.

LabellingError               1
  TeacherBusyError              this attempt failed; another may not
  TeacherRejectedError          no attempt will succeed: the question, the key or the quota
  BudgetSpentError              another call might cost more than is allowed
UploadError                  5  pictures of people would go where nobody allowed them to go
ExtraMissingError            2  a library of the extra ``labels`` is not installed
"""

from engines.errors import ConfigError, SubfaceError
from stream.errors import PolicyError


class LabellingError(SubfaceError):
    """A teacher did not answer."""


class TeacherBusyError(LabellingError):
    """An attempt failed for a reason that may be gone at the next.

    Attributes:
        pause_s: For how long the teacher asks to be left alone; None if it does not say.
        billed: Whether the attempt may have been paid for although no answer came.
    """

    def __init__(self, msg: str, *, pause_s: float | None = None, billed: bool) -> None:
        super().__init__(msg)
        self.pause_s = pause_s
        self.billed = billed


class TeacherRejectedError(LabellingError):
    """A teacher will not answer, however often it is asked.

    Attributes:
        for_all: Whether no other question will be answered either: the key, the model or the quota
            is wrong.
    """

    def __init__(self, msg: str, *, for_all: bool) -> None:
        super().__init__(msg)
        self.for_all = for_all


class BudgetSpentError(LabellingError):
    """Another call might cost more than is allowed."""


class UploadError(PolicyError):
    """Pictures of people would go where nobody allowed them to go."""


class ExtraMissingError(ConfigError):
    """A library of the extra ``labels`` is not installed."""
