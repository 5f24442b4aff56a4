"""TensorRT's plan of a graph for a card: the stored one, else one that is built, and said to be.

A build takes minutes on a small card. A run that finds no plan says so and shows how far it is;
`subface engines build` does it beforehand. A new plan is deserialised and its precision looked at
before it is stored: one that computes in f32 what was asked for in less is never kept.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engines.backends.tensorrt_binding import Binding, Progress
from engines.backends.tensorrt_build import WORKSPACE_BYTES, BuiltPlan, GraphBuild
from engines.backends.tensorrt_precision import built_layers, require_precision
from engines.cuda.card import Card
from engines.errors import EngineError, PlanError
from engines.models.store import cache_root, sha256
from engines.plans.identity import PlanIdentity
from engines.plans.plain_file import read_plain, write_whole
from engines.plans.shapes import AXES
from engines.plans.store import Plans
from engines.spec.precision import Precision

logger = logging.getLogger(__name__)

LARGEST_TIMINGS_BYTES: Final = 256_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """A graph for which a plan is wanted.

    Attributes:
        path: The .onnx file.
        name: What it is called.
        outputs: The outputs to keep, in order; None keeps all.
        precision: In what it is to compute, by its own types.
    """

    path: Path
    name: str
    outputs: Sequence[str] | None
    precision: Precision

    def identity(self, binding: Binding, card: Card) -> PlanIdentity:
        """Return all that decides which plan it is."""
        return PlanIdentity(
            graph=sha256(self.path),
            outputs=None if self.outputs is None else tuple(self.outputs),
            runtime=binding.name,
            runtime_version=binding.version,
            device=card.processor,
            driver_major=card.driver_major,
            settings={
                "precision": self.precision,
                "tf32": False,
                "workspace_bytes": WORKSPACE_BYTES,
            },
            shapes={symbol: (axis,) for symbol, axis in AXES.items()},
        )


def obtain_plan(
    request: PlanRequest,
    binding: Binding,
    card: Card,
    plans: Plans,
    *,
    progress: Progress | None = None,
) -> bytes:
    """Return the plan of a graph, built if it is not stored.

    Args:
        request: What is wanted.
        binding: NVIDIA's binding.
        card: The card that is in use.
        plans: Where plans are.
        progress: Told how far a build is; by default the log is.

    Raises:
        EngineError: If the graph cannot be read or built, or is built in another precision.
        PlanError: If there is a stored plan that must not be loaded.
    """
    if not request.path.is_file():
        msg = f"{request.path}: there is no such graph; `subface models pull` fetches the models"
        raise EngineError(msg)

    def make() -> bytes:
        logger.warning(
            "%s: TensorRT builds its plan for %s, which may take minutes; "
            "`subface engines build` does it beforehand",
            request.name,
            card.name,
        )
        timings = TimingCache.of(binding, card)
        built = GraphBuild(request.path, binding, outputs=request.outputs).plan(
            timing_cache=timings.read() if binding.has_timing_cache else None,
            progress=progress or LoggedProgress(request.name),
        )
        if built.timing_cache is not None:
            timings.write(built.timing_cache)
        assert_precision(request, built, binding)
        return built.plan

    return plans.obtain(request.identity(binding, card), make, request.name)


def assert_precision(request: PlanRequest, built: BuiltPlan, binding: Binding) -> None:
    """Look at a new plan on its card, by the engine inspector.

    Raises:
        EngineError: If it cannot be deserialised, or computes in another precision than its graph.
    """
    trt = binding.trt
    runtime = trt.Runtime(binding.log)
    engine = runtime.deserialize_cuda_engine(built.plan)
    if engine is None:
        msg = f"{request.name}: TensorRT does not load what it built: {binding.log.reason()}"
        raise EngineError(msg)
    inspector = engine.create_engine_inspector()
    told = inspector.get_engine_information(trt.LayerInformationFormat.JSON)
    found = require_precision(request.name, built.declared, built_layers(told), request.precision)
    if request.precision != "f32" and not found:
        logger.warning(
            "%s: %s says of no layer in what it computes; that it does so in %s is the graph's "
            "word and not seen",
            request.name,
            binding.name,
            request.precision,
        )


@dataclass(frozen=True, slots=True)
class TimingCache:
    """What TensorRT timed on a card in earlier builds: it saves most of the next one's time.

    Attributes:
        path: Its file.
    """

    path: Path

    @classmethod
    def of(cls, binding: Binding, card: Card) -> "TimingCache":
        """Return that of a version and a card."""
        told = f"{binding.name}-{binding.version}-{card.name}-{card.capability}"
        name = re.sub(r"[^A-Za-z0-9.]+", "-", told)
        return cls(cache_root() / "timings" / f"{name}.cache")

    def read(self) -> bytes | None:
        """Return it; None if there is none that can be read."""
        try:
            return read_plain(self.path, most_bytes=LARGEST_TIMINGS_BYTES)
        except PlanError as error:
            logger.warning("TensorRT times anew: %s", error)
            return None

    def write(self, timings: bytes) -> None:
        """Keep it; where that cannot be, the next build takes as long as this one."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, timings)
        except OSError as error:
            logger.warning("%s: %s", self.path, error.strerror)


@dataclass(slots=True)
class LoggedProgress:
    """Progress as lines of the log, one for each step of the outermost phase.

    Attributes:
        name: What the graph is called.
    """

    name: str
    _outermost: str | None = field(default=None, init=False)

    def __call__(self, phase: str, done: int, steps: int) -> None:
        """Take note of a phase's steps."""
        if self._outermost is None:
            self._outermost = phase
        if phase == self._outermost and steps:
            logger.info("%s: built %d of %d", self.name, done, steps)
