"""What labels a clip: a model that is asked, stored answers, a lexicon, a network, or votes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class BorrowsFilms(Protocol):
    """A model that films are sent to before it is asked about them."""

    async def begin(self, cache: Path, warn: Callable[[str], None]) -> None:
        """Keep account of films, and take back what a run before this left.

        Args:
            cache: The folder of the run, which nobody else uses.
            warn: Told of a film that could not be taken back.
        """
        ...

    async def take_back(self, clip: str) -> None:
        """Delete the film of a clip there, if it was sent."""
        ...
