"""Every network in every runtime against torch, or its publisher's file: the table in numbers.

Boxes are matched by how they overlap, since two of the same score may change places.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest

RUNTIMES = ["onnxruntime", "openvino", "torch"]
PERSONS = [f"yolo11n-persons-{canvas}" for canvas in ("192x320", "288x480", "320x320")]
FOUND = 0.1  # below it two candidates of one score may change places
SAME = 0.95  # two boxes that overlap more are one
MAX_GREY = 0.05  # of 255: OpenCV's weights are of f32, its places of f64


def answers(folder, backend):
    """Outputs by batch and name."""
    found = np.load(folder / f"{backend}.npz")
    return {tuple(key.split("/")): found[key] for key in found.files}


def overlap(boxes, others):
    near = np.maximum(boxes[:, None, :2], others[None, :, :2])
    far = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(far - near, 0, None).prod(-1)
    area, other_area = ((each[:, 2:] - each[:, :2]).prod(-1) for each in (boxes, others))
    return shared / (area[:, None] + other_area[None] - shared)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("network", PERSONS)
def test_a_runtime_finds_the_persons_that_torch_finds(answered, parity, network, runtime):
    folder = answered(runtime) / network
    ours, theirs = answers(folder, runtime), answers(folder, "reference")
    persons = 0
    for batch in {batch for batch, _ in ours}:
        scores, expected = ours[batch, "scores"], theirs[batch, "scores"]
        wanted = np.flatnonzero(expected > FOUND)
        assert (scores > FOUND).sum() == len(wanted)
        overlaps = overlap(theirs[batch, "boxes"][wanted], ours[batch, "boxes"])
        partners = overlaps.argmax(axis=1)
        assert len(set(partners)) == len(wanted)
        assert (overlaps.max(axis=1, initial=1) > SAME).all()
        boxes = ours[batch, "boxes"][partners]
        parity.hold(network, "boxes", runtime, boxes, theirs[batch, "boxes"][wanted])
        parity.hold(network, "scores", runtime, scores[partners], expected[wanted])
        persons += len(wanted)
    assert persons > 12


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    "network",
    [
        *("dinov2-small-crops", "face-embedding", "starter-face", "starter-text"),
        *("minilm-l6", "bert-small"),
        *("blazeface-short-onnx", "face-mesh-onnx", "pose-detection-onnx"),
        *("pose-landmark-full-onnx", "hand-recrop-onnx", "hand-landmark-full-onnx"),
        "iris-landmark-onnx",
    ],
)
def test_a_runtime_answers_as_torch_or_the_published_file_does(answered, parity, network, runtime):
    folder = answered(runtime) / network
    ours, theirs = answers(folder, runtime), answers(folder, "reference")
    assert {output for _, output in theirs} == set(parity.outputs(network))
    for (batch, output), expected in theirs.items():
        assert np.abs(expected).max() > 10 * parity.tolerance(network, output)
        parity.hold(network, output, runtime, ours[batch, output], expected)


@pytest.mark.parametrize("runtime", ["openvino", "torch"])
def test_a_whole_body_graph_gives_in_every_runtime_what_onnx_runtime_gives(
    answered, parity, runtime
):
    reference = answers(answered("onnxruntime") / "whole-body", "onnxruntime")
    ours = answers(answered(runtime) / "whole-body", runtime)
    ((key, points),) = reference.items()
    assert points.shape == (3, 133, 3)
    parity.hold("whole-body", "points", runtime, ours[key], points)


def test_the_letterbox_in_the_graph_is_opencv_s(answered, real_frames):
    """In f32 OpenCV weighs as exactly as we do; of bytes it rounds, as Ultralytics' letterbox."""
    for network in PERSONS:
        height, width = map(int, network.rpartition("-")[2].split("x"))
        laid = answers(answered("openvino") / network, "reference")
        for batch in {batch for batch, output in laid if output == "letterbox"}:
            image = real_frames[batch].astype(np.float32)
            scale = min(height / image.shape[0], width / image.shape[1])
            size = round(image.shape[1] * scale), round(image.shape[0] * scale)
            left = round((width - size[0]) / 2 - 0.1)
            top = round((height - size[1]) / 2 - 0.1)
            expected = cv2.copyMakeBorder(
                cv2.resize(image, size, interpolation=cv2.INTER_LINEAR),
                *(top, height - size[1] - top, left, width - size[0] - left),
                cv2.BORDER_CONSTANT,
                value=(114, 114, 114),
            )
            found = laid[batch, "letterbox"][0].transpose(1, 2, 0) * 255
            assert np.abs(found - expected).max() < MAX_GREY


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_suppression_in_the_graph_is_torchvision_s_on_crowds(answered, runtime):
    """Who stays of everyone who may be a person; scores equal to the last bit may change places."""
    most, gone = 0, 0
    for network in PERSONS:
        folder = answered(runtime) / network
        ours, theirs = answers(folder, runtime), answers(folder, "reference")
        for batch in {batch for batch, _ in ours}:
            before, stays = theirs[batch, "before"], theirs[batch, "stays"] > 0
            sure = before > FOUND
            kept = ours[batch, "scores"] > FOUND
            assert (kept == (stays & sure)).all()
            most, gone = max(most, kept.sum()), gone + (sure & ~stays).sum()
    assert most >= 4
    assert gone > 100


def test_every_row_of_the_table_is_held_by_the_test_that_it_names(parity):
    for (network, output), row in parity.rows.items():
        source = (Path(__file__).parents[1] / row["held_by"]).read_text()
        assert network[:6] in source, row  # the rest may be put together
        assert row["tolerance"] > 0, (network, output)
        assert row["against"] in {"torch", "published", "onnxruntime"}
