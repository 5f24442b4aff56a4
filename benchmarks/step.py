"""What a tick of the rolling network costs, against computing its window anew.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/step.py [--ticks 10200] [--quick]

At the paper's scale (width 256, 4 layers x 4 heads) with weights that learned nothing:

- operations: counted in the exported step graph (multiplications of its matrix products), and
  held against two rivals: the last W ticks run through the network (causal, no pair too many; it
  is *another function*, since it forgets what its oldest ticks had seen), and everything that the
  newest tick's value depends on, which is L (W - 1) + 1 ticks and the same function. A reading is
  due once a hop: its ratio divides by the hop's ticks.
- time: every tick of an interview through OpenVINO and ONNX Runtime, one thread each, each in a
  process of its own; ticks about the 100th against ticks about the 10,000th.
- the bidirectional encoder: 10,000 ticks in one pass in torch, time and peak memory (needs
  .venv-build, as the export does).

Exit code 6 if a step takes longer than 4 ms (best of 200), if the late ticks cost over 1.25 times
the early ones (best against best), or if the same function anew costs less than 1,000 times a step.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from math import prod
from pathlib import Path

import numpy as np
import openvino

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.models.convert import build_python
from engines.sequence.checkpoint import read_checkpoint, step_graph
from engines.sequence.keypoint_state import KeypointState
from engines.sequence.normalize import normalize
from engines.sequence.shape import NetworkShape
from engines.sequence.step import BranchState

ROOT = Path(__file__).resolve().parents[1]
HOP_S = 1.0
LATE = 10_000
AROUND = 100
MOST_MS = 4.0
LEAST_RATIO = 1000
MOST_GROWTH = 1.25
REGRESSION = 6

EXPORT = """
import sys
from pathlib import Path
import torch
from engines.build.network_export import save_network
from engines.networks.interview_network import InterviewNetwork
from engines.sequence.shape import NetworkShape
torch.set_num_threads(1)
torch.manual_seed(0)
shape = NetworkShape.model_validate_json(sys.argv[2])
save_network(InterviewNetwork(shape), Path(sys.argv[1]), dict(
    name="step", labels=("a", "b"), taught="expressed_valence", trained_on="nothing", fed={}))
"""

ULTRA_LONG = """
import json, resource, sys, time
import numpy as np, torch
from engines.networks.temporal import TemporalEncoder
from engines.sequence.rotary import rotary
torch.set_num_threads(1)
torch.set_grad_enabled(False)
encoder = TemporalEncoder(width=256, layers=4, heads=4, band=None).eval()
def run(ticks):
    turn = map(torch.from_numpy, rotary(np.arange(ticks), grid_hz=12.5, width=64))
    started = time.perf_counter()
    encoder(torch.randn(1, ticks, 256), torch.rand(1, ticks) > 0.2, *turn)
    return time.perf_counter() - started
run(100)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
spent = run(10_000)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([spent, (peak - before) / 1024]))
"""


def main() -> int:
    """Measure, print, return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ticks", type=int, default=LATE + 2 * AROUND)
    parser.add_argument("--quick", action="store_true", help="Operations alone.")
    parser.add_argument("--turn", nargs=2, metavar=("BACKEND", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.turn:
        print(json.dumps(timed(options.turn[0], Path(options.turn[1]), options.ticks)))
        return 0
    fits = operations()
    if not options.quick:
        fits &= times(options.ticks)
        normalisation()
        ultra_long()
    return 0 if fits else REGRESSION


def operations() -> bool:
    """Print the table of operations; return whether the same function anew costs enough."""
    print(f"Million multiplications; a reading is due every {HOP_S:.0f} s")
    print(f"{'Hz':>5} {'band s':>7} {'W':>6} {'step':>7}", end="")
    print(f" {'last W anew':>13} {'x a tick':>9} {'x a reading':>12}", end="")
    print(f" {'same anew':>13} {'x a tick':>9} {'x a reading':>12}")
    least = float("inf")
    for grid_hz in (12.5, 25.0):
        for band_s in (60, 120, 600):
            shape = NetworkShape(grid_hz=grid_hz, band_s=band_s)
            with tempfile.TemporaryDirectory() as folder:
                step = multiplications(exported(Path(folder), shape))
            print(f"{grid_hz:5} {band_s:7} {shape.band_ticks:6} {step / 1e6:7.2f}", end="")
            for rival in (last_anew(shape, step), same_anew(shape, step)):
                ratio = rival / step
                print(
                    f" {rival / 1e6:13,.0f} {ratio:9,.0f} {ratio / HOP_S / grid_hz:12,.0f}", end=""
                )
            least = min(least, same_anew(shape, step) / step)
            print()
    return least >= LEAST_RATIO


def exported(folder: Path, shape: NetworkShape) -> Path:
    """Export a network that learned nothing and return its keypoints' step graph."""
    command = [str(build_python()), "-c", EXPORT, str(folder), shape.model_dump_json()]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    return read_checkpoint(folder).file(step_graph("keypoints"))


def multiplications(path: Path) -> int:
    """Return those of the matrix products of a graph, whose extents are fixed.

    The rest, a few thousand in norms, angles and the own key, is left out on both sides.
    """
    products = [
        op for op in openvino.Core().read_model(path).get_ops() if op.get_type_name() == "MatMul"
    ]
    inner = [-2 if op.get_attributes()["transpose_a"] else -1 for op in products]
    return sum(
        prod(op.get_output_shape(0)) * op.get_input_shape(0)[axis]
        for op, axis in zip(products, inner, strict=True)
    )


def layer(shape: NetworkShape) -> int:
    """Return the multiplications of one layer for one tick, attention aside."""
    return 12 * shape.width**2  # query, key, value, output, and twice four times the width


def around(shape: NetworkShape, step: int) -> int:
    """Return those of a tick outside the layers: the keypoint network, the pooling's scores."""
    layers = shape.keypoints.layers
    return step - layers * (layer(shape) + 2 * shape.width * (shape.band_ticks - 1))


def last_anew(shape: NetworkShape, step: int) -> int:
    """Return the multiplications of the last W ticks through the network."""
    band, layers = shape.band_ticks, shape.keypoints.layers
    pairs = band * (band + 1) // 2
    return band * (around(shape, step) + layers * layer(shape)) + layers * 2 * shape.width * pairs


def same_anew(shape: NetworkShape, step: int) -> int:
    """Return those of all that the newest token depends on, and of nothing else."""
    band, layers = shape.band_ticks, shape.keypoints.layers
    total = around(shape, step) * (1 + layers * (band - 1))
    for above in range(layers):
        asked = 1 + above * (band - 1)
        total += asked * (layer(shape) + 2 * shape.width * band)
        total += (band - 1) * 2 * shape.width**2  # ticks that only give a key and a value
    return total


def times(ticks: int) -> bool:
    """Print the times of steps; return whether they are short and do not grow."""
    shape, fits = NetworkShape(), True
    print(f"\nMilliseconds a step, one thread, W {shape.band_ticks}, best (median) of 200 ticks")
    with tempfile.TemporaryDirectory() as folder:
        exported(Path(folder), shape)
        for backend in ("openvino", "onnxruntime"):
            command = [sys.executable, __file__, "--ticks", str(ticks), "--turn", backend, folder]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
            early, late, ring_mb = json.loads(done.stdout)
            shown = [f"{best:.2f} ({median:.2f})" for best, median in (early, late)]
            print(f"  {backend}: tick {AROUND} {shown[0]}, tick {ticks - AROUND} {shown[1]}")
            fits &= late[0] <= MOST_MS and late[0] <= MOST_GROWTH * early[0]
    print(f"  ring of a person in a branch: {ring_mb:.1f} MB")
    return fits


def timed(backend: str, folder: Path, ticks: int) -> tuple[tuple[float, float], ...]:
    """Step through an interview; return best and median ms early and late, and the ring's MB."""
    checkpoint, random = read_checkpoint(folder), np.random.default_rng(0)
    features = random.normal(size=(64, 137, 5)).astype(np.float32)
    spent_ms = np.empty(ticks)
    runtime = RuntimeConfig(backend=backend, threads=1)
    with open_engine(checkpoint.file(step_graph("keypoints")), runtime) as engine:
        branch = BranchState(engine, grid_hz=checkpoint.description.shape.grid_hz)
        for tick in range(ticks):
            started_s = time.perf_counter()
            branch.step(tick, features[tick % 64])
            spent_ms[tick] = 1000 * (time.perf_counter() - started_s)
        rings = [t for t in engine.spec.inputs if t.name in {"keys", "values"}]
    early, late = spent_ms[: 2 * AROUND], spent_ms[-2 * AROUND :]
    ring_mb = sum(prod(tensor.shape) * 4 for tensor in rings) / 1e6
    return *((float(part.min()), float(np.median(part))) for part in (early, late)), ring_mb


def normalisation() -> None:
    """Print what the normalisation of a tick costs, alone and in a history."""
    random, ticks = np.random.default_rng(0), 2000
    given = {
        "keypoints": random.uniform(0, 700, (ticks, 137, 3)).astype(np.float32),
        "time_s": np.arange(ticks) / 12.5,
        "shot": np.zeros(ticks, np.int64),
        "valid": np.ones(ticks, dtype=bool),
    }
    keypoints = given.pop("keypoints")
    started_s = time.perf_counter()
    normalize(keypoints, **given, state=KeypointState.fresh())
    whole_s = time.perf_counter() - started_s
    state, started_s = KeypointState.fresh(), time.perf_counter()
    for tick in range(ticks):
        row = {name: array[tick : tick + 1] for name, array in given.items()}
        _, _, state = normalize(keypoints[tick : tick + 1], **row, state=state)
    alone_s = time.perf_counter() - started_s
    print(
        f"  normalisation: {1000 * alone_s / ticks:.3f}, in a history {1000 * whole_s / ticks:.3f}"
    )


def ultra_long() -> None:
    """Print time and memory of ten thousand ticks that all see each other."""
    command = [str(build_python()), "-c", ULTRA_LONG]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    spent_s, peak_mb = json.loads(done.stdout)
    print(f"\nBidirectional, 10,000 ticks in one pass: {spent_s:.1f} s, {peak_mb:.0f} MB more")
    print(f"  (a score for each pair of ticks in each head would be {10_000**2 * 16 / 1e6:.0f} MB)")


if __name__ == "__main__":
    raise SystemExit(main())
