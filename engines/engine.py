"""The one interface that every model runtime is used through."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from engines.spec.tensors import Batch, EngineSpec


@runtime_checkable  # the tests check every annotation
class Engine(Protocol):
    """A loaded model that turns one batch into another.

    An engine is synchronous and not thread-safe: its owner calls it from one thread at a time.
    Leaving its context frees its memory; an engine that was left is not used again.
    """

    @property
    def spec(self) -> EngineSpec:
        """What the engine accepts and returns."""
        ...

    def run(self, batch: Batch) -> Batch:
        """Compute the outputs of one batch.

        The arrays returned are the caller's: a later run does not change them.

        Raises:
            SpecMismatchError: If the batch breaks the contract.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


@runtime_checkable  # the tests check every annotation
class OpenEngine(Protocol):
    """Opens the graph at a path under a name; whoever measures engines wraps this."""

    def __call__(self, name: str, path: Path, *, outputs: Sequence[str] | None = None) -> Engine:
        """Open it, keeping only the outputs named; what only the others need is not computed."""
        ...
