"""A card whose CUDA graphs are lists of calls on the CPU: what is captured, is replayed.

torch hands every call to a dispatch mode. While a graph is captured they
are written down; a replay makes them again and puts what they give where it was. As on a card, what
asks a tensor for its content, or makes one of Python's numbers, cannot be captured.
"""

import contextlib

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

NOT_CAPTURED = (
    "_local_scalar_dense",
    "is_nonzero",
    "item",
    "lift_fresh",
    "masked_select",
    "nonzero",
)


class _Writing(TorchDispatchMode):
    def __init__(self, calls):
        super().__init__()
        self.calls = calls

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func._schema.name.partition("::")[2] in NOT_CAPTURED:
            raise RuntimeError(f"operation not permitted when stream is capturing: {func}")
        result = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, result))
        return result


class Graph:
    def __init__(self):
        self.calls = []
        self.replays = 0

    def replay(self):
        self.replays += 1
        for func, args, kwargs, result in self.calls:
            for kept, new in zip(
                tree_leaves(result), tree_leaves(func(*args, **kwargs)), strict=True
            ):
                if isinstance(kept, torch.Tensor) and kept.data_ptr() != new.data_ptr():
                    kept.copy_(new)


class EmulatedCuda:
    """What the backend asks of torch.cuda to capture; ``graphs`` are those captured."""

    def __init__(self, error=None):
        self.graphs = []
        self.pools = []
        self.error = error

    def graph_pool_handle(self):
        return object()

    def CUDAGraph(self):  # noqa: N802 (torch's name)
        self.graphs.append(Graph())
        return self.graphs[-1]

    @contextlib.contextmanager
    def graph(self, cuda_graph, pool=None, stream=None, capture_error_mode="global"):
        assert capture_error_mode == "thread_local"
        self.pools.append(pool)
        with _Writing(cuda_graph.calls):
            yield
        if self.error is not None:
            raise self.error


class EmulatedCard:
    """What ``TorchEngine`` has of a card, for an engine that was opened on the CPU."""

    def __init__(self, graphs):
        self.graphs = graphs

    def working(self):
        return contextlib.nullcontext()

    def brought_back(self, outputs):
        return [output.numpy().copy() for output in outputs]
