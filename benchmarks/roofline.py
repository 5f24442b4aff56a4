"""How far each engine of a profile is from what this machine could do at best: its roofline.

    .venv/bin/python benchmarks/roofline.py [--profile embedded] [--set KEY=VALUE] [--runs 40]
        [--json F]

Three things are measured: the arithmetic rate (the best of some matrix products, in each precision,
by the runtime that the profile names), the memory bandwidth (reading and copying what no cache
holds), and the median time of each engine, opened as the live path opens it. What an engine has to
do is counted from its graph: two operations for each multiply and add of convolutions and matrix
products, and the bytes that must move at least once, which are weights, inputs and outputs. A bound
is the larger of operations over rate and bytes over bandwidth (Williams, Waterman and Patterson,
2009). The *layered* bound takes every such layer by itself, with its own inputs and outputs, as
if nothing stayed in a cache and nothing were fused: a network may beat it, and never the other.

On a processor with one thread all times are of the thread's own clock: OpenVINO then computes in
the thread that asks, and what else is at work is felt less (caches and memory are still shared).

Depthwise convolutions and small layers cannot reach the rate of a large matrix product, so 'times
its roofline' says how much of the machine is left unused, and not how much a runtime could gain.
The layered bound takes memory at the speed of memory: a small network in a cache beats it. A card
is measured through torch, which must be there; this was never run on one.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as ops

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.engine import Engine
from engines.models.store import ModelStore
from engines.plans.shapes import AXES
from engines.spec.tensors import Batch, TensorSpec
from engines.variants.choice import choose
from stream.bench.machine import this_machine
from stream.profile import load_profile

GIGA = 1e9
PRODUCTS = ((512, 512, 512), (1024, 1024, 1024), (256, 4096, 1024))
BLOCK_BYTES = 256 * 2**20
"""More than any cache holds."""
BITS = {"f32": 32, "bf16": 16, "fp16": 16, "int8": 8}


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What the machine does at best: operations a second by precision, and bytes a second."""

    operations_hz: Mapping[str, float]
    bytes_hz: float


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer that multiplies: its operations, and the bytes of its inputs, weights and outputs."""

    operations: int
    moved_bytes: int


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one run of a graph has to do.

    Attributes:
        layers: Those that multiply.
        moved_bytes: Weights, inputs and outputs: what must move at least once.
        uncounted: Layers whose shapes depend on what they are given.
    """

    layers: tuple[Layer, ...]
    moved_bytes: int
    uncounted: int = 0

    @property
    def operations(self) -> int:
        """Two for each multiply and add."""
        return sum(layer.operations for layer in self.layers)

    def bound_s(self, rate_hz: float, bytes_hz: float) -> float:
        """Return the least time that a run can take."""
        return max(self.operations / rate_hz, self.moved_bytes / bytes_hz)

    def layered_s(self, rate_hz: float, bytes_hz: float) -> float:
        """Return the least time if every layer reads and writes memory."""
        return sum(
            max(layer.operations / rate_hz, layer.moved_bytes / bytes_hz) for layer in self.layers
        )


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One engine against its bounds."""

    engine: str
    precision: str
    gigaoperations: float
    megabytes: float
    uncounted: int
    ms: float
    bound_ms: float
    bound_by: str
    layered_ms: float
    times: float
    times_layered: float


# ---------------------------------------------------------------------------- what is to be done


def work_of(graph: Path, shapes: Mapping[str, Sequence[int]]) -> Work:
    """Count what one run of a graph has to do, for inputs of these shapes."""
    model = openvino.Core().read_model(graph)
    model.reshape({port: list(shapes[name]) for name, port in _named(model.inputs)})
    layers, uncounted = [], 0
    for node in model.get_ops():
        if node.get_type_name() not in MULTIPLIES:
            continue
        ports = [*node.inputs(), *node.outputs()]
        if any(port.get_partial_shape().is_dynamic for port in ports):
            uncounted += 1
            continue
        moved = sum(_bytes(port) for port in ports)
        layers.append(
            Layer(operations=2 * MULTIPLIES[node.get_type_name()](node), moved_bytes=moved)
        )
    ends = [*model.inputs, *model.outputs]
    known = sum(_bytes(port) for port in ends if not port.get_partial_shape().is_dynamic)
    weights = sum(_bytes(node.output(0)) for node in model.get_ops() if _is_weight(node))
    return Work(layers=tuple(layers), moved_bytes=known + weights, uncounted=uncounted)


def _is_weight(node: Any) -> bool:
    """Return whether a node is a constant that is read as a whole: of a table rows are gathered."""
    readers = (
        {port.get_node().get_type_name() for port in node.output(0).get_target_inputs()}
        if (node.get_type_name() == "Constant")
        else set()
    )
    return bool(readers) and "Gather" not in readers


def _named(ports: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    for place, port in enumerate(ports):
        yield min(port.get_names(), default=f"input_{place}"), port


def _bytes(port: Any) -> int:
    return int(np.prod(list(port.get_shape()))) * max(port.get_element_type().size, 1)


def _of_convolution(node: Any) -> int:
    weights, out = list(node.input(1).get_shape()), list(node.output(0).get_shape())
    return int(np.prod(out)) * int(np.prod(weights[1:]))  # [Out In k k]


def _of_group_convolution(node: Any) -> int:
    weights, out = list(node.input(1).get_shape()), list(node.output(0).get_shape())
    return int(np.prod(out)) * int(np.prod(weights[2:]))  # [Groups Out In k k]


def _of_transposed(node: Any) -> int:
    weights, given = list(node.input(1).get_shape()), list(node.input(0).get_shape())
    return int(np.prod(given)) * int(np.prod(weights[1:]))  # each input meets each weight of its


def _of_product(node: Any) -> int:
    left, out = list(node.input(0).get_shape()), list(node.output(0).get_shape())
    depth = left[-2] if node.get_attributes()["transpose_a"] and len(left) > 1 else left[-1]
    return int(np.prod(out)) * int(depth)


MULTIPLIES: Mapping[str, Callable[[Any], int]] = {
    "Convolution": _of_convolution,
    "GroupConvolution": _of_group_convolution,
    "ConvolutionBackpropData": _of_transposed,
    "MatMul": _of_product,
}
"""How many multiply-adds a layer makes, by its kind in OpenVINO, which reads all our graphs."""


# ------------------------------------------------------------------------- what the machine can do


def rates_of(runtime: RuntimeConfig, *, repeat: int = 5) -> Rates:
    """Measure a processor through OpenVINO and numpy, a card through torch."""
    if runtime.backend in {"openvino", "onnxruntime"} or runtime.device == "cpu":
        return Rates(
            operations_hz={
                precision: max(
                    _product_hz(size, precision, runtime.threads, repeat) for size in PRODUCTS
                )
                for precision in ("f32", "bf16", "int8")
            },
            bytes_hz=_bandwidth_hz(runtime.threads, repeat),
        )
    return _card_rates(runtime.device.replace("auto", "cuda:0"), repeat)


def _product_hz(size: tuple[int, int, int], precision: str, threads: int, repeat: int) -> float:
    """Return the operations a second of a matrix product."""
    rows, depth, columns = size
    draw = np.random.default_rng(0)
    given = ops.parameter([rows, depth], np.float32)
    weights: Any = ops.constant(draw.standard_normal((depth, columns), np.float32))
    left: Any = given
    if precision == "int8":  # what a quantised graph looks like to OpenVINO
        left, weights = _eight_bits(left), _eight_bits(weights)
    model = openvino.Model(
        [ops.matmul(left, weights, transpose_a=False, transpose_b=False)], [given]
    )
    settings = {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    values = draw.standard_normal((rows, depth), np.float32)
    spent_s = _least_s(lambda: request.infer([values], share_inputs=True), repeat, _clock(threads))
    return 2.0 * rows * depth * columns / spent_s


def _eight_bits(values: Any) -> Any:
    low, high = ops.constant(np.float32(-3.0)), ops.constant(np.float32(3.0))
    return ops.fake_quantize(values, low, high, low, high, 255)


def _bandwidth_hz(threads: int, repeat: int) -> float:
    """Return the bytes a second of reading (a dot product) or copying, whichever is more."""
    block = np.ones(BLOCK_BYTES // 4, np.float32)
    other = np.ones_like(block)
    parts = list(zip(*(np.array_split(one, threads) for one in (block, other)), strict=True))
    clock = _clock(threads)
    if threads == 1:
        read_s = _least_s(lambda: np.dot(block, other), repeat, clock)
        copy_s = _least_s(lambda: np.copyto(block, other), repeat, clock)
    else:
        with ThreadPoolExecutor(threads) as pool:
            read_s = _least_s(lambda: list(pool.map(lambda p: np.dot(*p), parts)), repeat, clock)
            copy_s = _least_s(lambda: list(pool.map(lambda p: np.copyto(*p), parts)), repeat, clock)
    return 2.0 * BLOCK_BYTES / min(read_s, copy_s)


def _card_rates(device: str, repeat: int) -> Rates:
    """Measure a card. Never run on one."""
    import torch  # noqa: PLC0415 (only where there is a card)

    def timed(run: Callable[[], object]) -> float:
        def waited() -> None:
            run()
            torch.cuda.synchronize(device)

        return _least_s(waited, repeat)

    kinds = {"f32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    found: dict[str, float] = {}
    torch.backends.cuda.matmul.allow_tf32 = False
    size = 8192
    for name, kind in kinds.items():
        left, right = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
        found[name] = 2.0 * size**3 / timed(lambda a=left, b=right: a @ b)
    whole = [torch.randint(-127, 127, (size, size), device=device, dtype=torch.int8) for _ in "ab"]
    found["int8"] = 2.0 * size**3 / timed(lambda: torch._int_mm(whole[0], whole[1].t()))  # noqa: SLF001
    block = torch.ones(2**30, device=device, dtype=torch.uint8)
    other = torch.empty_like(block)
    return Rates(operations_hz=found, bytes_hz=2.0 * 2**30 / timed(lambda: other.copy_(block)))


def _clock(threads: int, *, card: bool = False) -> Callable[[], float]:
    """Return the clock of what one thread computes by itself, else the one on the wall."""
    return time.thread_time if threads == 1 and not card else time.perf_counter


def _least_s(
    run: Callable[[], object], repeat: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Return the shortest time of several runs: a bound is of the machine when nobody disturbs."""
    run()
    times = []
    for _ in range(repeat):
        began_s = clock()
        run()
        times.append(clock() - began_s)
    return min(times)


# ------------------------------------------------------------------------------------- one engine


def measured(
    name: str, graph: Path, runtime: RuntimeConfig, rates: Rates, *, runs: int
) -> Measured:
    """Open an engine as the live path does, run it, and hold it against its bounds."""
    choice = choose(graph, runtime.precision, backend=runtime.backend)
    with open_engine(graph, runtime) as engine:
        batch = _batch(engine)
        ms = 1000 * _median_s(lambda: engine.run(batch), runs, _clock_of(runtime))
    # what is to be done is that of the graph, whatever arithmetic its variant has
    work = work_of(graph, {tensor: array.shape for tensor, array in batch.items()})
    rate_hz = rates.operations_hz[choice.precision]
    narrower = BITS[choice.precision] / BITS["f32"]
    bytes_hz = rates.bytes_hz / narrower
    bound_ms = 1000 * work.bound_s(rate_hz, bytes_hz)
    layered_ms = 1000 * work.layered_s(rate_hz, bytes_hz)
    by_memory = work.moved_bytes / bytes_hz > work.operations / rate_hz
    return Measured(
        engine=name,
        precision=choice.precision,
        gigaoperations=round(work.operations / GIGA, 4),
        megabytes=round(work.moved_bytes * narrower / 2**20, 3),
        uncounted=work.uncounted,
        ms=round(ms, 4),
        bound_ms=round(bound_ms, 4),
        bound_by="memory" if by_memory else "arithmetic",
        layered_ms=round(layered_ms, 4),
        times=round(ms / bound_ms, 2),
        times_layered=round(ms / layered_ms, 2) if layered_ms else 0.0,
    )


def _clock_of(runtime: RuntimeConfig) -> Callable[[], float]:
    return _clock(runtime.threads, card=runtime.backend in {"tensorrt", "torch"})


def _batch(engine: Engine) -> Batch:
    """Return an input for a run: noise, of a 720p frame where the graph takes frames."""
    draw = np.random.default_rng(0)
    return {tensor.name: _noise(tensor, draw) for tensor in engine.spec.inputs}


def _noise(tensor: TensorSpec, draw: np.random.Generator) -> Any:
    shape = shape_of(tensor)
    if tensor.dtype == np.uint8:
        return draw.integers(0, 256, shape, np.uint8)
    if np.issubdtype(tensor.dtype, np.integer) or tensor.dtype == np.bool_:
        return np.ones(shape, tensor.dtype)
    return draw.random(shape, np.float32).astype(tensor.dtype)


def shape_of(tensor: TensorSpec) -> tuple[int, ...]:
    """Return a shape: a frame is [1 H W 3], tokens are [1 T], and everything else is one."""
    shape = list(tensor.shape)
    if len(shape) == 4 and shape[1] is None and shape[3] == 3:
        shape[1:3] = [AXES["H"].best, AXES["W"].best]
    if len(shape) == 2 and shape == [1, None] and np.issubdtype(tensor.dtype, np.integer):
        shape[1] = AXES["T"].best
    return tuple(1 if extent is None else extent for extent in shape)


def _median_s(run: Callable[[], object], runs: int, clock: Callable[[], float]) -> float:
    for _ in range(3):
        run()
    times = []
    for _ in range(runs):
        began_s = clock()
        run()
        times.append(clock() - began_s)
    return float(np.median(times))


# ------------------------------------------------------------------------------------- the report


def roofline(profile_name: str, overrides: Sequence[str], runs: int) -> dict[str, Any]:
    """Return the roofline of every engine of a profile as plain data."""
    profile = load_profile(profile_name, list(overrides))
    runtime, store = profile.perception.runtime, ModelStore()
    rates = rates_of(runtime)
    names = dict.fromkeys((*profile.perception.models(), *profile.text.models()))
    graphs = {name: store.path(name) for name in names if store.present(name)}
    load = os.getloadavg()[0]
    found = [
        measured(name, graph, runtime, rates, runs=runs)
        for name, graph in graphs.items()
        if graph.suffix in {".onnx", ".tflite"}
    ]
    return {
        "profile": profile_name,
        "runtime": f"{runtime.backend}, {runtime.device}, threads {runtime.threads}",
        "versions": {name: version(name) for name in ("openvino", "numpy")},
        "machine": asdict(this_machine(())),
        "load_1min": round(load, 2),
        "clock": (
            "Times are of the thread's own clock"
            if _clock_of(runtime) is time.thread_time
            else "Times are by the clock on the wall"
        ),
        "absent": [name for name in names if name not in graphs],
        "gigaoperations_a_second": {
            name: round(value / GIGA, 1) for name, value in rates.operations_hz.items()
        },
        "gigabytes_a_second": round(rates.bytes_hz / GIGA, 2),
        "engines": [asdict(one) for one in found],
    }


def to_markdown(found: Mapping[str, Any]) -> str:
    """Return it as a table, with what has to be known to read it."""
    machine = found["machine"]
    rates = ", ".join(f"{k} {v:g}" for k, v in found["gigaoperations_a_second"].items())
    lines = [
        f"Roofline of profile {found['profile']} ({found['runtime']}) on {machine['processor']}, "
        f"{machine['cores']} cores; load of the machine beforehand {found['load_1min']}.",
        f"Measured here: {rates} Gop/s; {found['gigabytes_a_second']:g} GB/s. {found['clock']}.",
        "",
        "| engine | precision | Gop | MB | ms | bound ms | by | times | layered ms | times |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |",
    ]
    for one in found["engines"]:
        star = "*" if one["uncounted"] else ""
        lines.append(
            f"| {one['engine']}{star} | {one['precision']} | {one['gigaoperations']:.3f} "
            f"| {one['megabytes']:.2f} | {one['ms']:.2f} | {one['bound_ms']:.3f} "
            f"| {one['bound_by']} | {one['times']:.1f} | {one['layered_ms']:.3f} "
            f"| {one['times_layered']:.1f} |"
        )
    if any(one["uncounted"] for one in found["engines"]):
        lines += ["", "\\* with layers whose size depends on the picture, which are not counted."]
    if found["absent"]:
        lines += ["", f"Not here, so not measured: {', '.join(found['absent'])}."]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the benchmark."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--profile", default="embedded")
    options.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options.add_argument("--runs", type=int, default=40)
    options.add_argument("--json", type=Path)
    args = options.parse_args()
    found = roofline(args.profile, args.set, args.runs)
    print(to_markdown(found))
    if args.json is not None:
        args.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
