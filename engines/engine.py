"""The one interface that every model runtime is used through."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

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


@runtime_checkable
class KeptInput(Protocol):
    """An engine's own copy of an input; the host's array is the truth."""

    def wrote(self, place: int) -> None:
        """Say that a place of the host's array was written; it is brought before the next run."""
        ...


@runtime_checkable
class KeepsInputs(Protocol):
    """An engine from which the host's memory is far: what hardly changes is better kept there."""

    def keep(self, name: str, array: NDArray[np.generic], *, axis: int) -> KeptInput | None:
        """Keep a copy of an array that is to be an input of every run.

        Args:
            name: The input's name.
            array: The host's array, to be handed to ``run`` itself; the copy goes when it does.
            axis: Along which its places are written.

        Returns:
            Whom to tell of what was written; None where arrays are read in place after all.
        """
        ...


def keep(engine: Engine, name: str, array: NDArray[np.generic], *, axis: int) -> KeptInput | None:
    """Let an engine keep an input if it is one that does (``KeepsInputs``)."""
    return engine.keep(name, array, axis=axis) if isinstance(engine, KeepsInputs) else None


@runtime_checkable  # the tests check every annotation
class OpenEngine(Protocol):
    """Opens the graph at a path under a name; whoever measures engines wraps this."""

    def __call__(self, name: str, path: Path, *, outputs: Sequence[str] | None = None) -> Engine:
        """Open it, keeping only the outputs named; what only the others need is not computed."""
        ...
