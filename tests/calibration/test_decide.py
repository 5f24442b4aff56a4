import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from calibration import decide
from engines.spec.labels import EXPRESSIONS
from engines.spec.timegrid import TimeGrid
from engines.spec.window import Window

GRID = TimeGrid(12.5)


def window(expression, valid, *, person="p1", still=False):
    valid = np.asarray(valid, np.bool_)
    return Window(
        source="test",
        epoch=0,
        shot=0,
        person_id=person,
        track_id=None,
        start_s=0.0,
        end_s=len(valid) / 12.5,
        newest_s=len(valid) / 12.5,
        analysed=np.ones(len(valid), np.bool_),
        expression=np.asarray(expression, np.float32),
        expression_valid=valid,
        keypoints=np.zeros((len(valid), 137, 3), np.float32),
        keypoints_valid=np.zeros(len(valid), np.bool_),
        face_newest_s=None,
        captured_at=None,
        arrived_s=0.0,
        perceived_s=0.0,
        still=still,
    )


def rows(*labels):
    return np.eye(7, dtype=np.float32)[[EXPRESSIONS.index(label) for label in labels]]


def surface(*args, **kwargs):
    return decide.surface(window(*args, **kwargs), min_s=0.5, grid=GRID)


def test_the_surface_is_the_mean_over_the_faces_seen():
    faces = np.concatenate([rows("happy") for _ in range(6)] + [rows("sad") for _ in range(2)])
    reading, reason = surface(faces, [True] * 8)
    assert reason is None
    assert reading.label == "happy"
    assert reading.probabilities["happy"] == pytest.approx(0.75)
    assert reading.valence == pytest.approx(0.5)


def test_rows_outside_the_mask_do_not_count():
    faces = np.concatenate([rows("happy")] * 8)
    faces[3] = rows("angry")
    reading, _ = surface(faces, [True] * 3 + [False] + [True] * 4)
    assert reading.probabilities["angry"] == 0.0


@pytest.mark.parametrize(
    ("valid", "person", "reason"),
    [
        ([False] * 8, None, "nobody"),
        ([False] * 8, "p1", "no_face"),
        ([True] * 6 + [False] * 2, "p1", "too_little_data"),
        ([True] + [False] * 6 + [True], "p1", "too_little_data"),
    ],
)
def test_it_abstains_and_says_why(valid, person, reason):
    assert surface(np.zeros((8, 7)), valid, person=person) == (None, reason)


def test_a_single_picture_needs_no_time():
    reading, _ = surface(rows("fear"), [True], still=True)
    assert reading.label == "fear"


@given(arrays(np.float64, (5, 7), elements=st.floats(0, 1)))
def test_valence_of_probabilities_stays_within_one(values):
    probabilities = (values + 1e-3) / (values + 1e-3).sum(axis=1, keepdims=True)
    assert (np.abs(decide.valence(probabilities)) <= 1 + 1e-9).all()


def test_valence_is_happy_minus_the_four_negative_ones():
    signs = {"happy": 1, "angry": -1, "disgust": -1, "fear": -1, "sad": -1}
    for row, label in zip(np.eye(7), EXPRESSIONS, strict=True):
        assert decide.valence(row) == signs.get(label, 0)
