"""DINOv2 in torch, ONNX Runtime and OpenVINO: the same vectors from the same boxes of a frame."""

import json
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

BACKENDS = ["onnxruntime", "openvino"]

pytestmark = pytest.mark.slow

BOXES = np.array(
    [
        [100, 20, 330, 500],  # a person
        [150.3, 60.7, 300.2, 200.9],  # a face, off the pixels' grid
        [-50, -20, 400, 600],  # over every edge of the frame
        [0, 0, 512, 512],  # the whole frame
        [300, 300, 301, 300],  # next to nothing
    ],
    np.float32,
)


@pytest.fixture(scope="module")
def given(media, tmp_path_factory):
    path = tmp_path_factory.mktemp("dinov2") / "given.npz"
    np.savez(path, frame=cv2.imread(str(media / "faces/astronaut.png"))[..., ::-1], boxes=BOXES)
    return path


@pytest.fixture(scope="module")
def torch_finds(torch_embeds, given):
    return lambda *arguments, **options: torch_embeds(given, *arguments, **options)


@pytest.fixture
def engine_finds(python, reference, given, tmp_path):
    def run(backend, graph):
        out = tmp_path / f"{backend}.npz"
        python(sys.executable, reference / "run_appearance.py", backend, graph, given, out)
        return np.load(out)

    return run


@pytest.mark.parametrize(
    ("size", "registers"),
    # small without them is in tests/engines/parity
    [("small", True), ("base", False), ("base", True)],
    ids=["small with registers", "base", "base with registers"],
)
def test_three_runtimes_agree_on_every_box_together_and_alone(
    export, torch_finds, engine_finds, parity, tmp_path, size, registers
):
    graph = tmp_path / "appearance.onnx"
    with_registers = ["--registers"] if registers else []
    export("--random", size, *with_registers, "--seed", 7, "--out", graph)
    reference = torch_finds("random", size, "registers" if registers else "-", 7)["class_token"]
    assert np.abs(reference).max() > 1
    network = f"dinov2-{size}{'-registers' if registers else ''}-crops"
    for backend in BACKENDS:
        found = engine_finds(backend, graph)
        parity.hold(network, "embedding", backend, found["together"], reference)
        parity.hold(network, "embedding", backend, found["alone"], reference)
    provenance = json.loads((tmp_path / "appearance.onnx.json").read_text())
    assert provenance["made_from"] == f"random weights, size {size}, seed 7"
    graph.unlink()  # a third of a gigabyte


@pytest.fixture(scope="module", params=["-", "registers"], ids=["plain", "with registers"])
def checkpoint(request, save_checkpoint):
    return save_checkpoint(request.param)


@pytest.mark.parametrize(
    ("canvas", "pooling", "batch"),
    [("98x98", "cls", 0), ("140x70", "cls_mean", 2)],
)
def test_a_saved_checkpoint_loads_for_any_canvas_pooling_and_batch(
    export, torch_finds, engine_finds, parity, checkpoint, tmp_path, canvas, pooling, batch
):
    graph = tmp_path / "appearance.onnx"
    words = ["--canvas", canvas, "--pooling", pooling, "--batch", batch]
    export("--weights", checkpoint, *words, "--out", graph)
    column = "class_token" if pooling == "cls" else "cls_mean"
    reference = torch_finds(checkpoint, canvas=canvas)[column]
    for backend in BACKENDS:
        found = engine_finds(backend, graph)
        parity.hold("dinov2-tiny-crops", "embedding", backend, found["together"], reference)
        parity.hold("dinov2-tiny-crops", "embedding", backend, found["alone"], reference)


def test_a_single_file_without_a_configuration_gives_the_same_vectors(
    export, torch_finds, engine_finds, parity, checkpoint, tmp_path
):
    lone = tmp_path / "weights.safetensors"
    shutil.copy(checkpoint / "model.safetensors", lone)
    export("--weights", lone, "--canvas", "98x98", "--out", tmp_path / "appearance.onnx")
    reference = torch_finds(checkpoint, canvas="98x98")["class_token"]
    found = engine_finds("openvino", tmp_path / "appearance.onnx")
    parity.hold("dinov2-tiny-crops", "embedding", "openvino", found["together"], reference)


def test_a_file_that_is_no_dinov2_is_refused_in_one_line(export, tmp_path):
    (tmp_path / "other.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        export("--weights", tmp_path / "other.safetensors", "--out", tmp_path / "out.onnx")
    assert caught.value.returncode == 2
    assert "no DINOv2: it has no tensor" in caught.value.stderr.splitlines()[-1]


def test_a_canvas_that_is_no_multiple_of_the_patch_is_refused_in_one_line(
    export, checkpoint, tmp_path
):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        export("--weights", checkpoint, "--canvas", "100x98", "--out", tmp_path / "out.onnx")
    assert caught.value.returncode == 2
    assert caught.value.stderr.splitlines()[-1] == (
        "--canvas: expected multiples of 14, got 100x98"
    )
