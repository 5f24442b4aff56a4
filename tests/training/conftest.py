import numpy as np
import pytest

from engines.spec.skeleton import POINTS
from training.interview import Entry, Interview


@pytest.fixture
def interview():
    """Return one interview of 100 ticks, with whatever is asked for in its place."""

    def make(**changed):
        ticks = 100
        content = {
            "entry": Entry(name="0047", subject="7", label=1),
            "grid_hz": 12.5,
            "time_s": np.arange(ticks) / 12.5,
            "shot": np.zeros(ticks, np.int64),
            "keypoints": np.ones((ticks, POINTS, 3), np.float32),
            "keypoints_valid": np.ones(ticks, np.bool_),
            "appearance": np.ones((ticks, 8), np.float32),
            "appearance_valid": np.ones(ticks, np.bool_),
            "text": np.arange(1, 4, dtype=np.float32)[:, None] * np.ones(4, np.float32),
            "text_available_s": np.array([1.0, 3.0, 5.0]),
        }
        return Interview(**content | changed)

    return make
