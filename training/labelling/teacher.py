"""What labels a clip: a model that is asked, stored answers, a lexicon, a network, or votes."""

from collections.abc import Mapping
from typing import Protocol

from training.labelling.material import Material
from training.labelling.question import Question, Reply
from training.labelling.sample import Sample


class Teacher(Protocol):
    """Labels clips, one at a time or several at once."""

    @property
    def identity(self) -> Mapping[str, str]:
        """Which teacher it is: provider, endpoint, model, and what else decides its answers."""
        ...

    async def label(self, material: Material) -> tuple[Sample, ...]:
        """Return one judgement or several; what fails, fails in them."""
        ...


class VisionLanguageModel(Protocol):
    """Answers a question about frames and words."""

    @property
    def identity(self) -> Mapping[str, str]:
        """Provider, endpoint and model."""
        ...

    async def answer(self, question: Question) -> Reply:
        """Ask once.

        Raises:
            TeacherBusyError: If another attempt may succeed.
            TeacherRejectedError: If none will.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
