"""CUDA's runtime as we call it: every status is looked at, and a failure is one line."""

from types import ModuleType
from typing import Any, Final, Literal

from engines.cuda.faults import OUT_OF_MEMORY, STICKY, SUCCESS, UNLOADING, fault
from engines.errors import EngineError

Direction = Literal["to card", "to host"]

_KINDS: Final = {"to card": "cudaMemcpyHostToDevice", "to host": "cudaMemcpyDeviceToHost"}


class Cuda:
    """The calls that we make.

    Addresses and handles are whole numbers, sizes are bytes. Every method raises ``EngineError``
    where CUDA fails, and ``DeviceLostError`` where only a new process can go on.

    Args:
        runtime: The module ``cuda.bindings.runtime``.
    """

    def __init__(self, runtime: ModuleType) -> None:
        self._runtime: Any = runtime

    def cards(self) -> int:
        """Return how many cards there are."""
        return int(self._value("cudaGetDeviceCount", "counting the cards"))

    def use(self, index: int) -> None:
        """Let the calls of this thread go to a card."""
        self._done("cudaSetDevice", f"card {index}", index)

    def properties(self, index: int) -> Any:  # noqa: ANN401 (the binding is untyped)
        """Return what a card is, as the binding tells it."""
        return self._value("cudaGetDeviceProperties", f"card {index}", index)

    def driver_version(self) -> int:
        """Return the newest CUDA that the driver knows, as 1000 major + 10 minor."""
        return int(self._value("cudaDriverGetVersion", "the driver's version"))

    def free_bytes(self) -> tuple[int, int]:
        """Return how much of the card's memory is free, and how much it has."""
        free, total = self._values("cudaMemGetInfo", "the card's memory")
        return int(free), int(total)

    def reserve(self, size: int, what: str) -> int:
        """Return the address of so much of the card's memory.

        Raises:
            EngineError: If there is not so much; says how much was asked for and is free.
        """
        status, address = self._runtime.cudaMalloc(size)
        if int(status) == OUT_OF_MEMORY:
            self.forget_error()
            free, total = self.free_bytes()
            msg = (
                f"{what}: {size} bytes of the card's memory are needed, {free} of {total} are "
                "free; end what else uses the card, or run fewer or smaller networks"
            )
            raise EngineError(msg)
        if int(status) != SUCCESS:
            raise fault(status, what)
        return int(address)

    def reserve_pinned(self, size: int, what: str) -> int:
        """Return the address of so much of the host's memory that is never paged out."""
        flags = self._runtime.cudaHostAllocDefault
        return int(self._value("cudaHostAlloc", f"{what}: {size} bytes of the host", size, flags))

    def release(self, address: int) -> None:
        """Give memory of the card back."""
        self._given_back(self._runtime.cudaFree(address), "memory of the card")

    def release_pinned(self, address: int) -> None:
        """Give memory of the host back."""
        self._given_back(self._runtime.cudaFreeHost(address), "pinned memory")

    def new_stream(self) -> int:
        """Return a stream that does not wait for the default one."""
        flags = self._runtime.cudaStreamNonBlocking
        return int(self._value("cudaStreamCreateWithFlags", "a stream", flags))

    def release_stream(self, stream: int) -> None:
        """End a stream."""
        self._given_back(self._runtime.cudaStreamDestroy(stream), "a stream")

    def wait(self, stream: int, doing: str) -> None:
        """Wait until everything that was asked of a stream is done."""
        self._done("cudaStreamSynchronize", doing, stream)

    def copy(self, to: int, of: int, size: int, way: Direction, stream: int) -> None:
        """Ask a stream to copy."""
        kind = getattr(self._runtime.cudaMemcpyKind, _KINDS[way])
        self._done("cudaMemcpyAsync", f"copying {size} bytes {way}", to, of, size, kind, stream)

    def copy_rows(
        self, to: int, of: int, *, pitch: int, width: int, rows: int, stream: int
    ) -> None:
        """Ask a stream to bring rows that lie side by side here and ``pitch`` apart on the card."""
        kind = self._runtime.cudaMemcpyKind.cudaMemcpyHostToDevice
        doing = f"copying {rows} rows of {width} bytes to card"
        self._done("cudaMemcpy2DAsync", doing, to, pitch, of, width, width, rows, kind, stream)

    def begin_capture(self, stream: int) -> None:
        """Let a stream write down what this thread asks of it instead of doing it."""
        mode = self._runtime.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self._done("cudaStreamBeginCapture", "capturing a graph", stream, mode)

    def end_capture(self, stream: int) -> int:
        """Return what was written down, ready to be launched."""
        graph = self._value("cudaStreamEndCapture", "capturing a graph", stream)
        try:
            return int(self._value("cudaGraphInstantiate", "making a captured graph", graph, 0))
        finally:
            self._runtime.cudaGraphDestroy(graph)

    def launch(self, graph: int, stream: int) -> None:
        """Ask a stream to do what a captured graph says."""
        self._done("cudaGraphLaunch", "launching a captured graph", graph, stream)

    def release_graph(self, graph: int) -> None:
        """Give a captured graph back."""
        self._given_back(self._runtime.cudaGraphExecDestroy(graph), "a captured graph")

    def forget_error(self) -> None:
        """Let the next call not be told of an error that was dealt with."""
        self._runtime.cudaGetLastError()

    def _done(self, name: str, doing: str, *arguments: object) -> None:
        self._values(name, doing, *arguments)

    def _value(self, name: str, doing: str, *arguments: object) -> Any:  # noqa: ANN401
        (value,) = self._values(name, doing, *arguments)
        return value

    def _values(self, name: str, doing: str, *arguments: object) -> tuple[Any, ...]:
        status, *values = getattr(self._runtime, name)(*arguments)
        if int(status) != SUCCESS:
            raise fault(status, doing)
        return tuple(values)

    def _given_back(self, result: tuple[Any, ...], what: str) -> None:
        """A lost card, or a process that ends, takes everything along: nothing is left to say."""
        (status,) = result
        if int(status) not in {SUCCESS, UNLOADING, *STICKY}:
            raise fault(status, f"giving back {what}")
