"""Every kind of graph on the card that is none: a replay gives what the steps give.

And those give what ONNX Runtime gives; of f32 graphs tests/engines/parity has the table.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.models.store import SHIPPED

# of the largest number of an output; a rounding that falls on the other side is a step of 1/127
TOLERANCE = {"f32": 2e-5, "fp16": 5e-3, "int8": 5e-2}

JOBS = [
    ("yolo11n-persons-320x320", "f32"),
    ("minilm-l6", "f32"),
    ("face-embedding", "f32"),
    ("starter-face", "f32"),
    ("starter-face", "fp16"),
    ("starter-face", "int8"),
    ("image-step", "f32"),
    ("text-step", "f32"),
    ("fusion", "f32"),
]
FRAMES = "faces/WolfgangLanger_Pexels.mp4"
FOUND = 0.1  # below it two candidates of one score may change places


def batch_for(spec, frame, random):
    """A batch that a graph takes: of a real picture where it takes one."""
    made = {}
    for tensor in spec.inputs:
        shape = tuple(7 if axis is None else axis for axis in tensor.shape)
        match np.dtype(tensor.dtype), len(shape):
            case np.uint8, 4 if tensor.name == "frame":
                made[tensor.name] = frame[None]
            case np.uint8, rank:
                crop = frame[60 : 60 + shape[1], 240 : 240 + shape[2]]
                made[tensor.name] = crop[None] if rank == 4 else crop[None].mean(-1).astype("u1")
            case np.int64, _:
                made[tensor.name] = random.integers(1, 2 if "mask" in tensor.name else 2000, shape)
            case dtype, _:
                made[tensor.name] = random.uniform(0.1, 1, shape).astype(dtype)
    return made


@pytest.fixture(scope="module")
def computed(media, store, pictures, python, reference, need_build_python, tmp_path_factory):
    """By network and precision: ONNX Runtime's outputs, torch's by steps and by a replay."""
    root, jobs = tmp_path_factory.mktemp("replays"), []
    frames = [image for _, _, image in pictures(media / FRAMES, 200)]
    for name, precision in JOBS:
        folder = root / f"{name}-{precision}"
        folder.mkdir()
        network = SHIPPED / "starter" / "network" / f"{name}.onnx"
        path = network if network.is_file() else store.path(name)
        random = np.random.default_rng(0)
        with open_engine(path, RuntimeConfig(backend="onnxruntime")) as engine:
            first, second = (batch_for(engine.spec, frame, random) for frame in frames[:2])
        np.savez(
            folder / "inputs.npz",
            **{f"first/{key}": value for key, value in first.items()},
            **{f"second/{key}": value for key, value in second.items()},
        )
        described = {"graph": str(path), "folder": str(folder), "precision": precision}
        jobs.append((described, second))
    (root / "jobs.json").write_text(json.dumps([described for described, _ in jobs]))
    python(need_build_python, reference / "torch_replays.py", root / "jobs.json")
    return dict(zip(JOBS, map(answers, jobs), strict=True))


def answers(job):
    described, batch = job
    folder = Path(described["folder"])
    with open_engine(folder / "variant.onnx", RuntimeConfig(backend="onnxruntime")) as engine:
        runtime = engine.run(batch)
    torch = np.load(folder / "torch.npz")
    kinds = ("stepped", "replayed")
    return runtime, *({key: torch[f"{kind}/{key}"] for key in runtime} for kind in kinds)


@pytest.mark.parametrize("job", JOBS, ids="-".join)
def test_a_replay_gives_what_the_steps_give(computed, job):
    _, stepped, replayed = computed[job]
    for name, array in stepped.items():
        assert np.array_equal(replayed[name], array), name
    assert any(array.std() > 0 for array in stepped.values())


@pytest.mark.parametrize("job", JOBS, ids="-".join)
def test_torch_computes_what_onnx_runtime_computes(computed, job):
    runtime, stepped, _ = computed[job]
    if "scores" in runtime and "boxes" in runtime:
        assert (runtime["scores"] > FOUND).sum() == (stepped["scores"] > FOUND).sum() > 0
        found = runtime["scores"] > FOUND
        runtime, stepped = ({k: v[found] for k, v in one.items()} for one in (runtime, stepped))
    for name, expected in runtime.items():
        assert (stepped[name].dtype, stepped[name].shape) == (expected.dtype, expected.shape)
        # the keys of the starter's steps are zeros
        away = np.abs(stepped[name] - expected).max() / max(np.abs(expected).max(), 1e-3)
        assert away < TOLERANCE[job[1]], (name, away)
