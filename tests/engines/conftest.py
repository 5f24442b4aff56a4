import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import av
import cv2
import numpy as np
import pytest
import yaml

from engines.models.convert import CHECKOUT
from engines.perception import blazeface, detector, expression, facemesh
from engines.perception.ssd import ssd_anchors
from engines.spec.frame import Frame


class FakeEngine:
    """An engine whose arithmetic is a function of the test's."""

    def __init__(self, spec, compute):
        self.spec = spec
        self.compute = compute
        self.runs = 0
        self.is_open = False

    def run(self, batch):
        self.runs += 1
        return self.compute(batch)

    def __enter__(self):
        self.is_open = True
        return self

    def __exit__(self, *exc):
        self.is_open = False


@pytest.fixture(scope="session")
def fake_engine():
    return FakeEngine


@pytest.fixture(scope="session")
def reference():
    """The folder of the programs that have no test in them."""
    return Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="session")
def python():
    """Run a program by some Python, on one thread."""

    def run(program, *arguments):
        subprocess.run(
            [program, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"},
            check=True,
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture(scope="session")
def dot_network(python, reference):
    """Write a whole-body network that sees three coloured dots, as publishers write theirs."""

    def write(path, canvas="96x72", keypoints=133):
        python(sys.executable, reference / "dot_network.py", path, canvas, keypoints)
        return path

    return write


TOLERANCES = Path(__file__).parent / "parity/tolerances.yaml"
SEEN = pytest.StashKey()


class Parity:
    """Holds what a runtime answers against what is believed, within the table's tolerances."""

    def __init__(self, rows, seen):
        self.rows = {(row["network"], row["output"]): row for row in rows}
        self._seen = seen

    def tolerance(self, network, output):
        return self.rows[network, output]["tolerance"]

    def outputs(self, network):
        return [output for name, output in self.rows if name == network]

    def hold(self, network, output, runtime, found, expected):
        """Hold an output, number by number."""
        found, expected = np.asarray(found), np.asarray(expected)
        assert found.shape == expected.shape
        assert np.isfinite(found).all()
        self.within(network, output, runtime, float(np.abs(found - expected).max(initial=0)))

    def within(self, network, output, runtime, worst):
        """Hold the greatest difference of an output."""
        key = network, output, runtime
        self._seen[key] = max(worst, self._seen.get(key, 0.0))
        assert worst <= self.tolerance(network, output), f"{network} {output} by {runtime}"


def pytest_configure(config):
    config.stash[SEEN] = {}


@pytest.fixture(scope="session")
def parity(request):
    rows = yaml.safe_load(TOLERANCES.read_text())
    return Parity(rows, request.config.stash[SEEN])


def pytest_sessionfinish(session):
    """Of several workers each tells the one who prints what it saw."""
    if hasattr(session.config, "workeroutput"):
        seen = session.config.stash[SEEN]
        session.config.workeroutput["parity"] = [[*key, worst] for key, worst in seen.items()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    seen = node.config.stash[SEEN]
    for *key, worst in getattr(node, "workeroutput", {}).get("parity", ()):
        seen[tuple(key)] = max(worst, seen.get(tuple(key), 0.0))


def pytest_terminal_summary(terminalreporter, config):
    """Print what was compared: network, output, tolerance, and the greatest difference of each."""
    seen = config.stash.get(SEEN, {})
    if not seen:
        return
    runtimes = sorted({runtime for _, _, runtime in seen})
    terminalreporter.section("parity: tolerance, and the greatest difference seen")
    titles = [
        f"{'network':30}{'output':34}{'tolerance':>10}",
        *(f"{name:>13}" for name in runtimes),
    ]
    terminalreporter.write_line("".join(titles))
    for row in yaml.safe_load(TOLERANCES.read_text()):
        name, output = row["network"], row["output"]
        found = [seen.get((name, output, runtime)) for runtime in runtimes]
        if any(value is not None for value in found):
            cells = "".join(f"{'-' if value is None else f'{value:.1e}':>13}" for value in found)
            line = f"{name:30}{output:34}{row['tolerance']:>10}{cells}  {row['unit']}"
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def pictures():
    """Read pictures as (index, time_s, image), every step-th of them."""

    def read(path: Path, step: int = 1):
        with av.open(path) as container:
            for index, picture in enumerate(container.decode(video=0)):
                if index % step == 0:
                    image = picture.to_ndarray(format="rgb24")
                    image.setflags(write=False)
                    yield index, picture.time or 0.0, image

    return read


@pytest.fixture(scope="session")
def frame_of():
    def make(image=None, *, time_s=0.0, index=0, epoch=0, shot=0):
        return Frame(
            source="test",
            epoch=epoch,
            shot=shot,
            index=index,
            time_s=time_s,
            captured_at=None,
            arrived_s=0.0,
            image=np.zeros((90, 160, 3), np.uint8) if image is None else image,
        )

    return make


def blobs(mask):
    """The white discs in a mask, which stand for faces, as boxes."""
    count, _, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    x, y, width, height = boxes[1:count, :4].T
    return np.stack([x, y, x + width, y + height], axis=1).astype(np.float32)


def see_discs(batch):
    """BlazeFace for a world in which faces are white discs."""
    regressors = np.zeros((1, 896, 16), np.float32)
    logits = np.full((1, 896, 1), -20, np.float32)
    anchors = ssd_anchors(128, (8, 16, 16, 16)) * 128
    for row, (x1, y1, x2, y2) in enumerate(blobs(batch["input"][0, :, :, 0] > 0)):
        centre, side = np.array([(x1 + x2) / 2, (y1 + y2) / 2]), x2 - x1
        keypoints = centre + side * np.array(
            [[-0.25, -0.2], [0.25, -0.2], [0, 0], [0, 0.2], [-0.5, -0.1], [0.5, -0.1]]
        )
        points = np.concatenate([[centre], keypoints]) - anchors[row]
        regressors[0, row] = [*points[0], x2 - x1, y2 - y1, *points[1:].ravel()]
        logits[0, row] = 3
    return {"regressors": regressors, "classificators": logits}


def fit_disc(batch):
    """The mesh for the same world: it fits the disc in the middle of its crop, if there is one."""
    middle = [
        box
        for box in blobs(batch["input_1"][0, :, :, 0] > 0.5)
        if (box[:2] < 96).all() and (box[2:] > 96).all()
    ]
    x1, y1, x2, y2 = middle[0] if middle else (32, 32, 160, 160)
    angles = np.linspace(0, 2 * np.pi, 468)
    ring = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1) / 2
    ring[33], ring[263] = [-0.3, -0.2, 0], [0.3, -0.2, 0]
    points = ring * [x2 - x1, y2 - y1, 1] + [(x1 + x2) / 2, (y1 + y2) / 2, 0]
    return {
        "conv2d_21": points.astype(np.float32).reshape(1, 1, 1, 1404),
        "conv2d_31": np.full((1, 1, 1, 1), 5 if middle else -5, np.float32),
    }


@pytest.fixture
def disc_world(fake_engine):
    """The engines of a world in which faces are white discs; persons are where the test says."""

    class World:
        persons = fake_engine(detector._CONTRACT, lambda batch: World.answer)
        blazeface = fake_engine(blazeface._CONTRACT, see_discs)
        facemesh = fake_engine(facemesh._CONTRACT, fit_disc)
        fer = fake_engine(
            expression._CONTRACT,
            lambda batch: {"Identity": np.arange(7, dtype=np.float32)[None] / 21},
        )
        answer: ClassVar = {
            "boxes": np.zeros((100, 4), np.float32),
            "scores": np.zeros(100, np.float32),
        }

        @classmethod
        def place(cls, *boxes, score=0.9):
            cls.answer = {name: array.copy() for name, array in cls.answer.items()}
            cls.answer["scores"][:] = 0
            for row, box in enumerate(boxes):
                cls.answer["boxes"][row] = box
                cls.answer["scores"][row] = score

        @staticmethod
        def picture(*centres, radius=12):
            image = np.zeros((240, 400, 3), np.uint8)
            for centre in centres:
                cv2.circle(image, centre, radius, (255, 255, 255), -1)
            return image

    return World
