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
SAME_SCORE = 0.01


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
    found, matched = 0, 0
    for batch in {key.partition("/")[0] for key in ours.files}:
        boxes, scores = (theirs[f"{batch}/{output}"] for output in ("boxes", "scores"))
        answer = {output: ours[f"{batch}/{output}"] for output in ("boxes", "scores")}
        likely = np.flatnonzero(scores > LIKELY)[:-10]  # the hundredth and the next change places
        # two boxes may be cut to one place by the frame's edge: then the nearest score tells
        apart = np.abs(boxes[likely][:, None] - answer["boxes"][None]).max(-1)
        unlike = np.abs(scores[likely][:, None] - answer["scores"][None])
        partners = (apart + unlike * 100).argmin(axis=1)
        rows = np.arange(len(likely))
        same = unlike[rows, partners] < SAME_SCORE  # else an overlap of .7 fell to the other side
        for output, expected in (("boxes", boxes), ("scores", scores)):
            held = answer[output][partners[same]], expected[likely[same]]
            parity.hold(network, output, runtime, *held)
        found, matched = found + len(likely), matched + same.sum()
    assert found > 10
    assert matched >= 0.9 * found
