"""Tick by tick is the same function as one pass over the whole history, in every runtime."""

import numpy as np
import pytest

from engines.errors import ModelMissingError
from engines.sequence.checkpoint import read_checkpoint
from engines.sequence.interview import InterviewEngines
from engines.sequence.shape import BranchShape, NetworkShape

TICKS = 2000
DAY = 1_080_000  # ticks of 80 ms

SMALL = NetworkShape(
    image=BranchShape(features=48, layers=2),
    keypoints=BranchShape(features=5, layers=2),
    text=BranchShape(features=40, layers=0, pooling="newest"),
    width=64,
    band_s=12,
    classes=3,
)
PAPER = NetworkShape(
    image=BranchShape(features=48),
    keypoints=BranchShape(features=5),
    text=BranchShape(features=40, layers=0, pooling="newest"),
)
KEYPOINTS_ALONE = {"keypoints": BranchShape(features=5, layers=2), "width": 64, "band_s": 12}
GRAPH_CONVOLUTION = NetworkShape(**KEYPOINTS_ALONE, body="gcn")
ATTENDED = NetworkShape(**KEYPOINTS_ALONE, attended=True)
BIDIRECTIONAL = SMALL.model_copy(update={"encoder": "bidirectional"})

RUNS = ["onnxruntime", "openvino"]


def greatest_difference(whole, parts, form):
    """Compare every token and logit of everybody; return the worst."""
    names = [name for name in whole.files if not name.startswith("step/")]
    compared = [name for name in names if f"{form}/{name}" in parts.files]
    worst = 0.0
    for name in compared:
        expected = whole[name] if name.endswith("logits") else whole[name][whole[f"{name}_valid"]]
        found = parts[f"{form}/{name}"]
        assert found.shape == expected.shape
        assert np.isfinite(found).all()
        worst = max(worst, float(np.abs(found - expected).max()))
    assert {name.partition("/")[0] for name in compared} == {"ada", "bob"}
    assert any(name.endswith("keypoints") for name in compared)
    return worst


@pytest.fixture(scope="module")
def small(save_checkpoint, make_interview, save_persons, in_torch):
    """A network whose band of 150 ticks two people run through many times, and torch's history."""
    checkpoint = save_checkpoint(SMALL)
    persons = save_persons(
        ada=make_interview(1, TICKS), bob=make_interview(2, TICKS - 300, first_tick=7)
    )
    return checkpoint, persons, in_torch(checkpoint, persons)


def test_the_interviews_have_gaps_cuts_and_shoulders_out_of_sight(small):
    _, persons, whole = small
    given = np.load(persons)
    for person in ("ada", "bob"):
        held = whole[f"{person}/keypoints_valid"]
        assert 0.3 * len(held) < held.sum() < 0.8 * len(held)
        assert np.diff(np.flatnonzero(held)).max() > 20  # ticks
        assert given[f"{person}/shot"][-1] >= 3
        assert given[f"{person}/keypoints_valid"].sum() >= held.sum()


def test_steps_equal_the_banded_history_in_torch(small, parity):
    _, _, whole = small
    worst = greatest_difference(whole, whole, "step")
    parity.within("interview-network", "steps", "torch modules", worst)


@pytest.mark.parametrize("backend", RUNS)
def test_steps_and_the_exported_history_equal_torch(small, in_steps, parity, backend):
    checkpoint, persons, whole = small
    found = in_steps(backend, "f32", checkpoint, persons)
    for output, form in (("steps", "step"), ("history", "batch")):
        worst = greatest_difference(whole, found, form)
        parity.within("interview-network", output, backend, worst)


def test_steps_of_the_torch_backend_equal_torch(small, in_steps, parity):
    checkpoint, persons, whole = small
    found = in_steps("torch", "f32", checkpoint, persons)
    worst = greatest_difference(whole, found, "step")
    parity.within("interview-network", "steps", "torch", worst)


def test_bf16_stays_within_a_tolerance_of_its_own(small, in_steps, parity):
    checkpoint, persons, whole = small
    found = in_steps("openvino", "bf16", checkpoint, persons)
    worst = greatest_difference(whole, found, "step")
    assert worst > 10 * parity.tolerance("interview-network", "steps")  # bf16 it is
    parity.within("interview-network", "steps in bf16", "openvino", worst)


@pytest.mark.parametrize("backend", RUNS)
def test_after_a_day_steps_still_equal_the_history(
    small, make_interview, save_persons, in_torch, in_steps, parity, backend
):
    checkpoint, _, _ = small
    days = save_persons(
        ada=make_interview(3, 500, first_tick=DAY), bob=make_interview(4, 400, first_tick=2 * DAY)
    )
    found = in_steps(backend, "f32", checkpoint, days)
    worst = greatest_difference(in_torch(checkpoint, days), found, "step")
    parity.within("interview-network", "steps", backend, worst)


def test_a_day_later_the_same_interview_reads_the_same(
    small, make_interview, save_persons, in_torch, parity
):
    checkpoint, _, _ = small
    now, later = make_interview(5, 500), make_interview(5, 500, first_tick=DAY)
    found = in_torch(checkpoint, save_persons(ada=now, bob=later))
    for modality in ("image", "keypoints"):
        held = found[f"ada/{modality}_valid"]
        one, other = found[f"ada/{modality}"][held], found[f"bob/{modality}"][held]
        parity.hold("interview-network", "steps", "torch modules", one, other)


@pytest.mark.parametrize(
    ("shape", "network"),
    [(GRAPH_CONVOLUTION, "interview-gcn"), (ATTENDED, "interview-attended")],
    ids=["gcn", "attended"],
)
def test_every_keypoint_network_steps(
    save_checkpoint, make_interview, save_persons, in_torch, in_steps, parity, shape, network
):
    """The graph convolution looks at its last 25 ticks, of which some are gaps."""
    checkpoint = save_checkpoint(shape)
    persons = save_persons(ada=make_interview(6, 250), bob=make_interview(7, 200))
    whole = in_torch(checkpoint, persons)
    for backend in RUNS:
        found = in_steps(backend, "f32", checkpoint, persons)
        parity.within(network, "steps", backend, greatest_difference(whole, found, "step"))


def test_the_exported_bidirectional_history_equals_torch(
    save_checkpoint, make_interview, save_persons, in_torch, in_steps, parity
):
    checkpoint = save_checkpoint(BIDIRECTIONAL)
    persons = save_persons(ada=make_interview(8, 1100), bob=make_interview(9, 300))
    whole = in_torch(checkpoint, persons)
    for backend in RUNS:
        found = in_steps(backend, "f32", checkpoint, persons)
        worst = greatest_difference(whole, found, "batch")
        parity.within("interview-bidirectional", "history", backend, worst)


def test_a_bidirectional_network_has_no_steps_and_says_so(save_checkpoint):
    checkpoint = read_checkpoint(save_checkpoint(BIDIRECTIONAL))
    with pytest.raises(ModelMissingError, match=r"image-step\.onnx: the checkpoint has no such"):
        InterviewEngines(checkpoint, lambda name, path, *, outputs=None: None)


@pytest.mark.slow
def test_at_the_paper_s_scale_steps_equal_the_history(
    save_checkpoint, make_interview, save_persons, in_torch, in_steps, parity
):
    checkpoint = save_checkpoint(PAPER)
    persons = save_persons(ada=make_interview(8, TICKS), bob=make_interview(9, 300))
    whole = in_torch(checkpoint, persons)
    for backend in RUNS:
        found = in_steps(backend, "f32", checkpoint, persons)
        worst = greatest_difference(whole, found, "step")
        parity.within("interview-network-paper", "steps", backend, worst)
