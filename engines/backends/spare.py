"""An engine on a card, and the same graph on the CPU in its stead once the card is lost.

A process that lost its card has to be started anew. For the eyes that is done; what steps the
network of a whole interview sits in the monitor itself, which is to go on. Its state is the host's,
so the very run in which the card was lost is done again, and what it gives is what the card would
have given.
"""

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from engines.engine import Engine, KeptInput, keep
from engines.errors import DeviceLostError
from engines.spec.tensors import Batch, EngineSpec

logger = logging.getLogger(__name__)

SPARE: Final = "openvino"
"""The backend that needs no card."""


class SpareEngine:
    """An engine that outlives its card.

    Args:
        name: What messages call the graph.
        engine: The engine on the card.
        open_spare: Opens the same graph, with the same outputs, on the CPU.
    """

    def __init__(self, name: str, engine: Engine, open_spare: Callable[[], Engine]) -> None:
        self._name = name
        self._engine = engine
        self._open_spare = open_spare
        self._is_spare = False

    @property
    def spec(self) -> EngineSpec:
        """What the engine accepts and returns."""
        return self._engine.spec

    def run(self, batch: Batch) -> Batch:
        """Compute the outputs of one batch, on the CPU from the run on in which the card was lost.

        Raises:
            EngineError: If it cannot be opened or run on the CPU either.
        """
        try:
            return self._engine.run(batch)
        except DeviceLostError as error:
            if self._is_spare:
                raise
            logger.warning("%s runs on the CPU from now on: %s", self._name, error)
        lost, self._engine = self._engine, self._open_spare()
        self._is_spare = True
        lost.__exit__(None, None, None)
        return self._engine.run(batch)

    def keep(self, name: str, array: NDArray[np.generic], *, axis: int) -> KeptInput | None:
        """Keep an input where the engine in use does."""
        return keep(self._engine, name, array, axis=axis)

    def __enter__(self) -> Self:
        self._engine.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._engine.__exit__(exc_type, exc, traceback)
