import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.perception.mouth import mouth_open

NOSE_BASE, LOWER_LIP, CHIN, RIGHT_EYE, LEFT_EYE = 2, 17, 152, 33, 263


def a_mesh(fallen=0.0):
    """A face upright and from the front, the nose's base in the middle; the jaw may have fallen."""
    mesh = np.random.default_rng(4).uniform(-1, 1, (468, 3))
    mesh[NOSE_BASE] = 0, 0, -0.3
    mesh[LOWER_LIP] = 0, 0.4 + fallen, -0.2
    mesh[CHIN] = 0, 0.8 + fallen, 0
    mesh[RIGHT_EYE], mesh[LEFT_EYE] = (-0.5, -0.5, 0), (0.5, -0.5, 0)
    return mesh.astype(np.float32)


def turned(mesh, angle, axis):
    cos, sin = math.cos(angle), math.sin(angle)
    rows = [k for k in range(3) if k != axis]
    rotation = np.eye(3)
    rotation[np.ix_(rows, rows)] = [[cos, -sin], [sin, cos]]
    return (mesh @ rotation).astype(np.float32)


@given(st.floats(0, 0.2), st.floats(0.01, 0.2))
def test_a_jaw_that_falls_opens_the_mouth(fallen, further):
    assert mouth_open(a_mesh(fallen + further)) > mouth_open(a_mesh(fallen))


@given(st.floats(10, 500), st.floats(-1, 1), st.integers(0, 2))
def test_neither_distance_nor_a_turned_head_opens_it(size_px, angle, axis):
    moved = (size_px * turned(a_mesh(), angle, axis) + 50).astype(np.float32)

    assert mouth_open(moved) == pytest.approx(mouth_open(a_mesh()), rel=1e-3)
