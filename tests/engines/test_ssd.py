import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.perception.ssd import (
    SsdDetections,
    decode_ssd,
    sigmoid,
    ssd_anchors,
    weighted_nms,
)

ANCHORS = ssd_anchors(128, (8, 16, 16, 16))


def anchors_one_by_one(size, strides):
    """MediaPipe's SsdAnchorsCalculator, as its loops go: layers of one stride share the cells."""
    rows, layer = [], 0
    while layer < len(strides):
        last = layer
        while last < len(strides) and strides[last] == strides[layer]:
            last += 1
        cells = -(-size // strides[layer])
        for y in range(cells):
            for x in range(cells):
                rows += [((x + 0.5) / cells, (y + 0.5) / cells)] * (2 * (last - layer))
        layer = last
    return np.array(rows, np.float32)


@pytest.mark.parametrize(
    ("size", "strides", "count"),
    [(128, (8, 16, 16, 16), 896), (224, (8, 16, 32, 32, 32), 2254), (192, (8, 16, 16, 16), 2016)],
    ids=["face", "pose", "palm"],
)
def test_anchors_are_those_of_mediapipes_loops(size, strides, count):
    anchors = ssd_anchors(size, strides)

    assert len(anchors) == count
    assert np.allclose(anchors, anchors_one_by_one(size, strides))


def test_decoding_agrees_with_one_anchor_at_a_time():
    rng = np.random.default_rng(1)
    raw = rng.normal(0, 20, (896, 16)).astype(np.float32)
    logits = rng.normal(-2, 2, 896).astype(np.float32)

    found = decode_ssd(raw, logits, ANCHORS, size_px=128, min_score=0.5)

    expected = []
    for row, logit, (ax, ay) in zip(raw, logits, ANCHORS * 128, strict=True):
        if 1 / (1 + np.exp(-logit)) > 0.5:
            cx, cy, w, h = row[0] + ax, row[1] + ay, row[2], row[3]
            points = [(cx - w / 2, cy - h / 2), (cx + w / 2, cy + h / 2)]
            points += [(x + ax, y + ay) for x, y in row[4:].reshape(6, 2)]
            expected.append((logit, points))
    expected.sort(key=lambda pair: -pair[0])
    assert len(expected) > 50
    assert np.allclose(found.points, [points for _, points in expected], atol=1e-3)
    assert np.allclose(found.scores, [1 / (1 + np.exp(-logit)) for logit, _ in expected])


@pytest.mark.parametrize("min_score", [0.0, 1.0])
def test_the_least_and_the_highest_threshold_are_no_error(min_score):
    raw, logits = np.zeros((896, 16), np.float32), np.zeros(896, np.float32)

    found = decode_ssd(raw, logits, ANCHORS, size_px=128, min_score=min_score)

    assert len(found.scores) == (896 if min_score == 0 else 0)
    assert weighted_nms(found, max_iou=0.3).points.shape[1:] == (8, 2)


def test_detections_of_one_face_become_their_mean_by_score():
    near = np.array([[[0, 0], [10, 10], [4, 4]], [[1, 0], [11, 10], [8, 4]]], np.float32)
    far = near[:1] + 50
    found = SsdDetections(np.concatenate([near, far]), np.array([0.9, 0.6, 0.5], np.float32))

    merged = weighted_nms(found, max_iou=0.3)

    assert merged.scores.tolist() == pytest.approx([0.9, 0.5])
    assert merged.points[0] == pytest.approx(np.array([[0.4, 0], [10.4, 10], [5.6, 4]]))
    assert (merged.points[1] == far[0]).all()


@settings(max_examples=50)
@given(st.integers(0, 30), st.integers(0, 2**32 - 1))
def test_merging_drops_nothing_and_no_two_that_remain_began_at_one_place(count, seed):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 100, (count, 1, 2))
    points = np.concatenate([low, low + rng.uniform(5, 40, (count, 1, 2))], axis=1)
    scores = np.sort(rng.uniform(0.5, 1, count))[::-1]
    found = SsdDetections(points.astype(np.float32), scores.astype(np.float32))

    merged = weighted_nms(found, max_iou=0.3)

    assert len(merged.scores) <= count
    assert set(merged.scores.tolist()) <= set(found.scores.tolist())
    assert (count == 0) == (len(merged.scores) == 0)
    if count:
        assert merged.scores[0] == found.scores[0]
        assert merged.points.min() >= found.points.min() - 1e-3
        assert merged.points.max() <= found.points.max() + 1e-3


def test_extreme_logits_are_certain_scores():
    assert sigmoid(np.array([-1e9, 0, 1e9], np.float32)).tolist() == pytest.approx([0, 0.5, 1])
