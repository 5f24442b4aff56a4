import sys

import numpy as np
import pytest

from engines.spec.skeleton import LEFT_SHOULDER, POINTS, RIGHT_SHOULDER

GRID_HZ = 12.5


def interview(seed, ticks, *, first_tick=0, widths=(48, 40)):
    """Raw keypoints and embeddings of somebody who moves, turns away and is cut to and from."""
    random = np.random.default_rng(seed)
    rest = random.normal([640, 360], 60, (POINTS, 2))
    rest[LEFT_SHOULDER], rest[RIGHT_SHOULDER] = [740, 420], [560, 410]
    moved = rest + np.cumsum(random.normal(0, 2, (ticks, POINTS, 2)), axis=0) * 0.3
    shot = np.cumsum(random.random(ticks) < 0.004)
    camera = random.normal(0, 80, (ticks, 2))[shot]  # another place and another zoom in each shot
    zoom = random.uniform(0.8, 1.3, ticks)[shot]
    scores = random.uniform(0.2, 1, (ticks, POINTS))
    scores[random.random((ticks, POINTS)) < 0.1] = 0
    points = np.concatenate(
        [moved * zoom[:, None, None] + camera[:, None], scores[:, :, None]], axis=2
    )
    gone = np.zeros((3, ticks), dtype=bool)  # nothing for a while, of either modality
    for modality, longest in enumerate((160, 60, 400)):
        for start in random.integers(0, ticks, 1 + ticks // 250):
            gone[modality, start : start + random.integers(2, longest)] = True
    valid = ~gone & (random.random((3, ticks)) > 0.15)
    jitter_s = random.uniform(0, 0.9 / GRID_HZ, ticks)
    return {
        "keypoints": points.astype(np.float32),
        "keypoints_valid": valid[0],
        "image": random.normal(size=(ticks, widths[0])).astype(np.float32),
        "image_valid": valid[1],
        "text": random.normal(size=(ticks, widths[1])).astype(np.float32),
        "text_valid": valid[2] & (random.random(ticks) < 0.1),
        "time_s": (first_tick + np.arange(ticks)) / GRID_HZ + jitter_s,
        "shot": shot,
        "first_tick": np.array(first_tick),
        "at": np.array([ticks // 10, ticks // 2, ticks - 1]),
    }


@pytest.fixture(scope="session")
def make_interview():
    return interview


@pytest.fixture(scope="session")
def save_persons(tmp_path_factory):
    """Write interviews as the programs of tests/reference read them."""

    def save(**persons):
        path = tmp_path_factory.mktemp("persons") / "persons.npz"
        arrays = {
            f"{person}/{name}": array
            for person, arrays in persons.items()
            for name, array in arrays.items()
        }
        np.savez(path, **arrays)
        return path

    return save


@pytest.fixture(scope="session")
def save_checkpoint(python, reference, need_build_python, tmp_path_factory):
    """Save a network that learned nothing, with its graphs, and return the folder."""

    def save(shape):
        folder = tmp_path_factory.mktemp("checkpoint")
        (folder / "shape.json").write_text(shape.model_dump_json())
        program = reference / "interview_checkpoint.py"
        python(need_build_python, program, folder / "network", folder / "shape.json")
        return folder / "network"

    return save


@pytest.fixture(scope="session")
def in_torch(python, reference, need_build_python, tmp_path_factory):
    """Tokens and logits of whole histories in one pass by torch, and by its steps."""

    def run(checkpoint, persons):
        out = tmp_path_factory.mktemp("torch") / "out.npz"
        program = reference / "interview_histories.py"
        python(need_build_python, program, checkpoint, persons, out)
        return np.load(out)

    return run


@pytest.fixture(scope="session")
def in_steps(python, reference, need_build_python, tmp_path_factory):
    """Tokens and logits tick by tick, and in one pass, by one of our runtimes."""

    def run(backend, precision, checkpoint, persons):
        out = tmp_path_factory.mktemp(backend) / "out.npz"
        program = reference / "interview_steps.py"
        runs = need_build_python if backend == "torch" else sys.executable
        python(runs, program, backend, precision, checkpoint, persons, out)
        return np.load(out)

    return run
