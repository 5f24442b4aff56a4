import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.perception.boxes import area, around, iou

corner = st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(1, 50), st.floats(1, 50))
boxes = st.lists(corner, min_size=1, max_size=4).map(
    lambda rows: np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float32)
)


def test_half_overlapping_boxes_share_a_third():
    one = np.array([[0, 0, 10, 10]], np.float32)
    other = np.array([[5, 0, 15, 10]], np.float32)

    assert iou(one, other)[0, 0] == pytest.approx(1 / 3)


def test_empty_boxes_share_nothing():
    empty = np.zeros((1, 4), np.float32)

    assert iou(empty, empty)[0, 0] == 0


@given(boxes, boxes)
def test_the_share_is_symmetric_bounded_and_one_with_itself(some, others):
    shares = iou(some, others)

    assert np.allclose(shares, iou(others, some).T, atol=1e-6)
    assert ((shares >= 0) & (shares <= 1 + 1e-6)).all()
    assert np.allclose(np.diag(iou(some, some)), 1, atol=1e-5)


def test_the_box_around_points_is_the_least_that_holds_them():
    box = around(np.array([[3, 9], [1, 2], [5, 4]], np.float32))

    assert box.tolist() == [1, 2, 5, 9]
    assert area(box[None]).tolist() == [28]
    assert not box.flags.writeable
