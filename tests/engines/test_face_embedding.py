import json
import os
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.models.convert import CHECKOUT

REFERENCE = json.loads(Path(__file__).with_name("face_embedding_reference.json").read_text())
SIDE_PX = 150


@pytest.fixture(scope="module")
def chips(media):
    with av.open(media / "faces/astronaut.png") as container:
        portrait = next(container.decode(video=0)).to_ndarray(format="rgb24")
    y, x = REFERENCE["crop_y_x"]
    face = portrait[y : y + SIDE_PX, x : x + SIDE_PX]
    noise = np.random.default_rng(0).integers(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    return {"portrait": face, "mirrored": face[:, ::-1], "noise": noise}


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_the_graph_gives_the_numbers_that_dlib_itself_gives(store, chips, parity, backend):
    with open_engine(store.path("face-embedding"), RuntimeConfig(backend=backend)) as engine:
        for name, chip in chips.items():
            (embedding,) = engine.run({"face": chip[None].copy()})["embedding"]

            parity.hold("face-embedding", "embedding", backend, embedding, REFERENCE[name])


def test_a_file_that_is_not_dlibs_network_is_refused_in_one_line(
    tmp_path, store, need_build_python
):
    whole = store.path("dlib-face").read_bytes()
    short = tmp_path / "short.dat"
    short.write_bytes(whole[: len(whole) // 2])
    command = [need_build_python, "-m", "engines.build.face_embedding_export", "face-embedding"]
    command += ["--weights", short, "--canvas", "150x150", "--out", tmp_path / "out.onnx"]

    done = subprocess.run(
        list(map(str, command)),
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "short.dat: expected dlib's face recognition network" in done.stderr
    assert not (tmp_path / "out.onnx").exists()
