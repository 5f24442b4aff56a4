"""From a graph to TensorRT's plan: parsed, strongly typed, with the ranges of our axes.

The graph says in which type every layer computes, and nothing else does: TensorRT 11 knows no other
way, and 10 is told so. Types of 32 bits mean all of them: what NVIDIA calls TF32, ten bits of
mantissa where f32 was written, is turned off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engines.backends.tensorrt_binding import Binding, Progress
from engines.backends.tensorrt_precision import DeclaredLayer, declared_layers
from engines.errors import EngineError
from engines.plans.shapes import AXES, AxisRange, ranges

WORKSPACE_BYTES: Final = 1 << 30
"""What a layer may use at most beside its inputs and outputs."""

Shapes = Mapping[str, tuple[AxisRange, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPlan:
    """What came of a build.

    Attributes:
        plan: To be deserialised on the card it was built for.
        declared: In which types the graph's layers were to compute.
        timing_cache: What was timed, for the next build; None where nothing is.
    """

    plan: bytes
    declared: tuple[DeclaredLayer, ...]
    timing_cache: bytes | None


class GraphBuild:
    """A graph that was parsed, on its way to a plan.

    Attributes:
        shapes: The range of every axis of every input.

    Args:
        path: The .onnx file.
        binding: NVIDIA's binding.
        outputs: The outputs to keep, in order; what only the others need is not computed.
        known: The ranges of the symbols of axes.

    Raises:
        EngineError: If the graph is missing or refused, has no such output, or an axis that is not
            known.
    """

    def __init__(
        self,
        path: Path,
        binding: Binding,
        *,
        outputs: Sequence[str] | None = None,
        known: Mapping[str, AxisRange] = AXES,
    ) -> None:
        if not path.is_file():
            msg = f"{path}: there is no such graph; `subface models pull` fetches the models"
            raise EngineError(msg)
        if path.suffix != ".onnx":
            msg = f"{path}: TensorRT reads .onnx files only; backend openvino reads this one"
            raise EngineError(msg)
        self._path = path
        self._binding = binding
        self._builder = binding.trt.Builder(binding.log)
        self._network = self._builder.create_network(binding.strongly_typed())
        self._parser = binding.trt.OnnxParser(self._network, binding.log)
        # of an empty file it makes an empty network
        if not self._parser.parse_from_file(str(path)) or not self._network.num_outputs:
            why = self._why()
            msg = f"{path}: TensorRT cannot read this graph; is the file whole? It says: {why}"
            raise EngineError(msg)
        if outputs is not None:
            self._keep(outputs)
        self.shapes: Shapes = {
            tensor.name: ranges(tensor.name, _axes(tensor), known=known)
            for tensor in map(self._network.get_input, range(self._network.num_inputs))
        }

    def plan(
        self,
        *,
        workspace_bytes: int = WORKSPACE_BYTES,
        timing_cache: bytes | None = None,
        progress: Progress | None = None,
    ) -> BuiltPlan:
        """Compile it; minutes on a small card.

        Args:
            workspace_bytes: What a layer may use at most beside its inputs and outputs.
            timing_cache: What an earlier build on this card timed.
            progress: Told how far it is, from threads of TensorRT's own.

        Raises:
            EngineError: If TensorRT cannot build it.
        """
        config, cache = self._configured(workspace_bytes, timing_cache)
        monitor = None if progress is None else self._binding.monitor(progress)
        if monitor is not None:
            config.progress_monitor = monitor
        plan = self._builder.build_serialized_network(self._network, config)
        if plan is None:
            msg = f"{self._path}: TensorRT cannot build this graph; it says: {self._why()}"
            raise EngineError(msg)
        return BuiltPlan(
            plan=bytes(plan),
            declared=declared_layers(self._network, self._binding),
            timing_cache=None if cache is None else bytes(cache.serialize()),
        )

    def _configured(self, workspace_bytes: int, timed: bytes | None) -> tuple[Any, Any | None]:
        trt = self._binding.trt
        config = self._builder.create_builder_config()
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, workspace_bytes)
        config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # the inspector is asked
        config.clear_flag(trt.BuilderFlag.TF32)
        if any(axis.least != axis.most for axes in self.shapes.values() for axis in axes):
            self._add_profile(config)
        if not self._binding.has_timing_cache:
            return config, None
        cache = config.create_timing_cache(timed or b"")
        if not config.set_timing_cache(cache, ignore_mismatch=False):
            # of another card or version: a new one is begun
            cache = config.create_timing_cache(b"")
            config.set_timing_cache(cache, ignore_mismatch=False)
        return config, cache

    def _add_profile(self, config: Any) -> None:  # noqa: ANN401 (the binding is untyped)
        profile = self._builder.create_optimization_profile()
        for name, axes in self.shapes.items():
            least, best, most = (tuple(axis[end] for axis in axes) for end in range(3))
            if least != most:
                profile.set_shape(name, least, best, most)
        if config.add_optimization_profile(profile) < 0:
            msg = f"{self._path}: TensorRT refuses the ranges of its axes; it says: {self._why()}"
            raise EngineError(msg)

    def _keep(self, names: Sequence[str]) -> None:
        """Unmark the outputs that nobody reads, and mark the others anew, in the order asked."""
        found = {
            tensor.name: tensor
            for tensor in map(self._network.get_output, range(self._network.num_outputs))
        }
        unknown = [name for name in names if name not in found]
        if unknown:
            msg = f"{self._path}: the graph has no output {unknown[0]!r}, but {', '.join(found)}"
            raise EngineError(msg)
        for tensor in found.values():
            self._network.unmark_output(tensor)
        for name in names:
            self._network.mark_output(found[name])

    def _why(self) -> str:
        """Return the first reason: the parser's with the place, else the log's."""
        said = self._binding.log.reason()
        if not self._parser.num_errors:
            return str(said)
        error = self._parser.get_error(0)
        reason = str(error.desc()).strip().partition("\n")[0]
        node, operator = _told(error, "node_name"), _told(error, "node_operator")
        return f"{operator} {node!r}: {reason}" if node or operator else reason


def _axes(tensor: Any) -> list[int | str]:  # noqa: ANN401 (the binding is untyped)
    return [
        extent if extent >= 0 else tensor.get_dimension_name(axis) or f"axis {axis}"
        for axis, extent in enumerate(tuple(tensor.shape))
    ]


def _told(error: Any, what: str) -> str:  # noqa: ANN401 (the binding is untyped)
    tell = getattr(error, what, None)
    return "" if tell is None else str(tell() or "")
