"""CUDA graphs of a few shapes: what a card did once is launched again as one.

A network of some hundred small kernels takes the CPU longer to launch than the card to compute.
The second batch of a shape is computed three times, twice to warm up (cuDNN chooses algorithms,
cuBLAS takes its workspaces) and once to be captured; from then on it is replayed. All happens on
one stream: capturing needs one that is not the default, and libraries keep a handle for each.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from engines.backends.torch_graph.device_errors import first_line, lost

logger = logging.getLogger(__name__)

CAPACITY: Final = 8  # each holds all intermediate results of its shape
_WARM_UPS: Final = 2

Compute = Callable[[], tuple[Tensor, ...]]


@dataclass(frozen=True, slots=True)
class _Captured:
    graph: Any
    outputs: tuple[Tensor, ...]


class CudaGraphs:
    """The graphs of one engine, the least recently used of which makes room.

    Args:
        name: What the engine is called in messages.
        stream: The stream that everything happens on; the caller makes it the current one.
        capacity: So many graphs are kept.
        cuda: torch.cuda, or what tests put in its place.
    """

    def __init__(
        self,
        name: str,
        stream: Any,  # noqa: ANN401 (torch is untyped)
        *,
        capacity: int = CAPACITY,
        cuda: Any = torch.cuda,  # noqa: ANN401 (a module)
    ) -> None:
        self.capturing = True
        self._name = name
        self._stream = stream
        self._capacity = capacity
        self._cuda = cuda
        # one graph's intermediates may lie where another's do: they never run at once, and what
        # one gave has been copied out before the next is replayed
        self._pool = cuda.graph_pool_handle()
        self._known: OrderedDict[Hashable, _Captured | None] = OrderedDict()

    def run(self, shape: Hashable, compute: Compute) -> tuple[Tensor, ...]:
        """Compute, or replay what was captured for this shape.

        Args:
            shape: What the capture holds for; the first run of a shape is not captured, since many
                shapes of texts come once.
            compute: Reads tensors that are at the same place in every run of this shape.

        Returns:
            Its outputs, which a later run overwrites.
        """
        if not self.capturing:
            return compute()
        if shape not in self._known:
            self._remember(shape, None)
            return compute()
        captured = self._known[shape] or self._capture(compute)
        if captured is None:
            return compute()
        self._remember(shape, captured)
        captured.graph.replay()
        return captured.outputs

    def forget(self, shape: Hashable) -> None:
        """Free the graph of a shape, if there is one."""
        self._known.pop(shape, None)

    def __len__(self) -> int:
        return sum(captured is not None for captured in self._known.values())

    def _capture(self, compute: Compute) -> _Captured | None:
        graph = self._cuda.CUDAGraph()
        try:
            for _ in range(_WARM_UPS):
                compute()
            with self._cuda.graph(
                graph,
                pool=self._pool,
                stream=self._stream,
                capture_error_mode="thread_local",  # another engine allocates on another thread
            ):
                outputs = compute()
        except RuntimeError as error:
            if lost(error):
                raise
            self.capturing = False
            self._known.clear()
            reason = first_line(error)
            logger.warning(
                "%s: no CUDA graph can be captured, it runs step by step from here: %s",
                self._name,
                reason,
            )
            return None
        return _Captured(graph, outputs)

    def _remember(self, shape: Hashable, captured: _Captured | None) -> None:
        self._known[shape] = captured
        self._known.move_to_end(shape)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)
