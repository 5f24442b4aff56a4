"""NVIDIA's binding: TensorRT from 10.3 on, else TensorRT-RTX, and in what they differ.

One code serves both and all versions in between. What a binding lacks is asked for by name here,
and nowhere else.
"""

import logging
import re
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any, Final, Literal

from engines.errors import EngineError

logger = logging.getLogger(__name__)

NAMES: Final = ("tensorrt", "tensorrt_rtx")
OLDEST: Final = (10, 3)
"""JetPack 6 stays on it."""

REMEDY: Final = "`pip install 'subface[tensorrt]'` brings it; on a Jetson, JetPack does"

Progress = Callable[[str, int, int], None]
"""Told of a phase by name, and how many of its steps are done of how many."""


class Binding:
    """One of NVIDIA's bindings.

    Attributes:
        trt: The module.
        name: tensorrt or tensorrt_rtx.
        version: As the module tells it.
        log: Keeps what the runtime says.

    Args:
        module: The module.

    Raises:
        EngineError: If it is older than what this is written for.
    """

    def __init__(self, module: ModuleType) -> None:
        self.trt: Any = module
        self.name: Literal["tensorrt", "tensorrt_rtx"] = (
            "tensorrt_rtx" if module.__name__ == "tensorrt_rtx" else "tensorrt"
        )
        self.version: str = self.trt.__version__
        found = tuple(int(part) for part in re.findall(r"\d+", self.version)[:2])
        if not self.is_rtx and found < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            msg = f"TensorRT: expected {oldest} or newer, got {self.version}; {REMEDY}"
            raise EngineError(msg)
        self.log = _log(self.trt)

    @property
    def is_rtx(self) -> bool:
        """Whether this is TensorRT-RTX, which compiles for the card only when it runs."""
        return self.name == "tensorrt_rtx"

    @property
    def has_timing_cache(self) -> bool:
        """Whether it times kernels when it builds; RTX does not, and warns of being asked."""
        return not self.is_rtx

    def require_card(self, name: str, capability: str) -> None:
        """Require that it compiles for a card, as far as it tells for which it does.

        Raises:
            EngineError: If it does not.
        """
        known = getattr(self.trt, "ComputeCapability", None)
        wanted = f"SM{capability.replace('.', '')}"
        if self.is_rtx and known is not None and not hasattr(known, wanted):
            told = ", ".join(one for one in known.__members__ if one.startswith("SM"))
            msg = (
                f"TensorRT-RTX {self.version}: expected a card of {told}, got {name} of {wanted}; "
                "TensorRT itself or backend torch runs on it"
            )
            raise EngineError(msg)

    def strongly_typed(self) -> int:
        """Return the flag by which the graph's types are the network's; 11 knows nothing else."""
        flags = getattr(self.trt, "NetworkDefinitionCreationFlag", None)
        flag = getattr(flags, "STRONGLY_TYPED", None)
        return 0 if flag is None else 1 << int(flag)

    def monitor(self, progress: Progress) -> Any | None:  # noqa: ANN401 (the binding is untyped)
        """Return what tells of a build's progress; None if the binding has no such thing."""
        return _monitor(self.trt, progress) if hasattr(self.trt, "IProgressMonitor") else None

    def context(self, engine: Any) -> Any:  # noqa: ANN401 (the binding is untyped)
        """Return an execution context that computes in memory which it is given."""
        strategies = self.trt.ExecutionContextAllocationStrategy
        return engine.create_execution_context(strategies.USER_MANAGED)

    def give_memory(self, context: Any, address: int, size: int) -> None:  # noqa: ANN401
        """Tell a context in which memory to compute."""
        if hasattr(context, "set_device_memory"):
            context.set_device_memory(address, size)
        else:
            context.device_memory = address  # some 10.x know no size

    def memory_bytes(self, engine: Any) -> int:  # noqa: ANN401 (the binding is untyped)
        """Return how much memory any of its runs computes in."""
        size = getattr(engine, "device_memory_size_v2", None)
        return int(engine.device_memory_size if size is None else size)

    def can_capture(self, context: Any, stream: int) -> bool:  # noqa: ANN401
        """Return whether a run can be captured; RTX may still be compiling for this shape."""
        ask = getattr(context, "is_stream_capturable", None)
        return True if ask is None else bool(ask(stream))


def find_binding() -> Binding:
    """Return the binding that is installed: TensorRT, else TensorRT-RTX.

    Raises:
        EngineError: If neither is, or it is too old.
    """
    reasons = []
    for name in NAMES:
        try:
            return Binding(import_module(name))
        except ImportError as error:  # PyPI's tensorrt is a stub whose libraries may be absent
            reasons.append(f"{name}: {str(error).strip().partition(chr(10))[0]}")
    msg = f"backend tensorrt: {'; '.join(reasons)}; {REMEDY}"
    raise EngineError(msg)


def _log(trt: Any) -> Any:  # noqa: ANN401 (the binding is untyped)
    """Return a logger of the binding that hands on warnings and keeps errors."""

    class Log(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, msg: str) -> None:  # noqa: ANN401
            line = msg.strip().partition("\n")[0]
            if severity in {trt.ILogger.INTERNAL_ERROR, trt.ILogger.ERROR}:
                self.errors.append(line)
            elif severity == trt.ILogger.WARNING:
                logger.debug("%s", line)

        def reason(self) -> str:
            """Return the first error since the last asking, and forget them."""
            errors, self.errors = self.errors, []
            return errors[0] if errors else "no reason given"

    return Log()


def _monitor(trt: Any, progress: Progress) -> Any:  # noqa: ANN401 (the binding is untyped)
    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._steps: dict[str, int] = {}

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            del parent_phase
            self._steps[phase_name] = num_steps
            progress(phase_name, 0, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            progress(phase_name, step + 1, self._steps.get(phase_name, step + 1))
            return True  # go on

        def phase_finish(self, phase_name: str) -> None:
            steps = self._steps.pop(phase_name, 0)
            progress(phase_name, steps, steps)

    return Monitor()
