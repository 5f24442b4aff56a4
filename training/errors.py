"""The errors of learning that are expected, below ``engines.errors.SubfaceError``.

DatasetError                 2  what is to be learned from is missing, or is not what was expected
  SplitError                    folds that cannot be trained and tested on
"""

from typing import ClassVar

from engines.errors import SubfaceError


class DatasetError(SubfaceError):
    """What is to be learned from is missing, or is not what was expected."""

    exit_code: ClassVar[int] = 2


class SplitError(DatasetError):
    """Folds that cannot be trained and tested on: a subject in two, or a fold of one class."""
