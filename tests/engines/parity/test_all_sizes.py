"""YOLO11 of every size, as its publisher lays it out, from a .pt to boxes in the runtimes.

The weights of these sizes cannot be had here, so they learned nothing: what they find is nobody,
but it must be the same. n, with its real weights, is in test_parity.
"""

import sys

import numpy as np
import pytest

pytestmark = pytest.mark.slow

SIZES = ["s", "m", "l", "x"]
RUNTIMES = ["onnxruntime", "openvino"]
LIKELY = 0.5  # a logit of 0; every hundredth place has 2.3


@pytest.fixture(scope="module")
def sized(real_frames, python, reference, need_build_python, jobs_in, tmp_path_factory):
    """The folder of all sizes, after torch and each runtime have answered."""
    jobs = jobs_in(tmp_path_factory.mktemp("sizes"))
    inputs = {f"{name}/frame": image[None] for name, image in list(real_frames.items())[::6]}
    for size in SIZES:
        jobs.add(
            f"yolo11{size}-random",
            "persons",
            jobs.root / f"{size}.onnx",
            inputs,
            weights=str(jobs.root / f"{size}.pt"),
            size=size,
            canvas_hw=[192, 320],
            export=True,
        )
    python(need_build_python, reference / "parity_outputs.py", jobs.write())
    for runtime in RUNTIMES:
        python(sys.executable, reference / "run_graphs.py", runtime, jobs.root / "jobs.json")
    yield jobs.root
    for file in (*jobs.root.glob("*.onnx"), *jobs.root.glob("*.pt")):
        file.unlink()  # half a gigabyte


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("size", SIZES)
def test_every_size_finds_in_every_runtime_what_it_finds_in_torch(sized, parity, size, runtime):
    network = f"yolo11{size}-random"
    theirs = np.load(sized / network / "reference.npz")
    ours = np.load(sized / network / f"{runtime}.npz")
    found = 0
    for batch in {key.partition("/")[0] for key in ours.files}:
        boxes, scores = (theirs[f"{batch}/{output}"] for output in ("boxes", "scores"))
        likely = scores > LIKELY
        likely[-10:] = False  # the hundredth best and the next may change places
        apart = np.abs(boxes[likely][:, None] - ours[f"{batch}/boxes"][None]).max(-1)
        # two boxes may lie in one place, above all along the frame's edge: the nearest score then
        apart += np.abs(scores[likely][:, None] - ours[f"{batch}/scores"][None])
        partners = apart.argmin(axis=1)
        assert len(set(partners)) == len(partners)
        parity.hold(network, "boxes", runtime, ours[f"{batch}/boxes"][partners], boxes[likely])
        parity.hold(network, "scores", runtime, ours[f"{batch}/scores"][partners], scores[likely])
        found += len(partners)
    assert found > 10
