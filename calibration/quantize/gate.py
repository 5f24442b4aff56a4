"""The gate: a network in another precision against itself in f32, by its task, on held-out inputs.

It compares what the network is for (boxes, points, neighbours, classes), not tensors: a detector
may differ in every anchor and find the same people, and a mesh may be close on average and useless.
What nobody knows how to judge is not admitted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from platform import machine
from typing import Literal

from calibration.quantize.limits import Limits
from calibration.quantize.task import tasks_of
from engines.backends.onnxruntime_backend import OnnxRuntimeEngine
from engines.backends.openvino_backend import OpenVinoEngine
from engines.engine import Engine
from engines.errors import EngineError
from engines.spec.tensors import Batch
from engines.variants.record import Verdict

Judge = Literal["openvino", "onnxruntime"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A graph as it would be computed.

    Attributes:
        path: The graph, f32 or a variant.
        hint: What the runtime is told.
        outputs: Those that are kept; None for all.
    """

    path: Path
    hint: Literal["f32", "bf16"] = "f32"
    outputs: tuple[str, ...] | None = None


def judge(
    exact: Candidate,
    candidate: Candidate,
    inputs: Sequence[Batch],
    limits: Limits,
    *,
    backend: Judge = "openvino",
) -> Verdict:
    """Return whether a candidate may take the place of f32.

    Args:
        exact: The graph in f32.
        candidate: What would take its place.
        inputs: Held out: nothing was calibrated on them.
        limits: What must be kept.
        backend: The runtime that computes both.
    """
    judged_with = f"{backend} {version(backend)}, {machine()}"

    def verdict(why: str, *, admitted: bool = False, **numbers: object) -> Verdict:
        return Verdict.model_validate(
            {
                "admitted": admitted,
                "why": why,
                "samples": len(inputs),
                "backend": backend,
                "judged_with": judged_with,
                **numbers,
            }
        )

    if len(inputs) < limits.samples:
        return verdict(f"{len(inputs)} held-out inputs, {limits.samples} are needed")
    try:
        with opened(exact, backend) as engine:
            tasks = tasks_of(engine.spec)
            true = list(_outputs(engine, inputs))
        if not tasks:
            return verdict("nobody knows what its outputs are for, so nobody can judge them")
        with opened(candidate, backend) as engine:
            got = list(_outputs(engine, inputs))
    except EngineError as error:
        return verdict(f"it does not run: {error}")
    metrics = tuple(metric for task in tasks for metric in task.compare(true, got, limits))
    failed = [metric for metric in metrics if not metric.passes]
    why = ", ".join(map(str, failed or metrics))
    return verdict(why, admitted=not failed, metrics=metrics)


def opened(candidate: Candidate, backend: Judge) -> Engine:
    """Open a graph as it would be computed, on one thread."""
    if backend == "onnxruntime":
        return OnnxRuntimeEngine(candidate.path, threads=1, outputs=candidate.outputs)
    return OpenVinoEngine(
        candidate.path, threads=1, precision=candidate.hint, outputs=candidate.outputs
    )


def _outputs(engine: Engine, inputs: Sequence[Batch]) -> Iterator[Batch]:
    for batch in inputs:
        yield engine.run(batch)
