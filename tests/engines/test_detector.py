import numpy as np
import pytest

from engines.errors import EngineError
from engines.perception.detector import MIN_SCORE, PersonDetector


def test_every_person_above_the_floor_is_returned_with_the_box(disc_world):
    disc_world.place([10, 20, 60, 200], [100, 20, 160, 200])
    disc_world.answer["scores"][:3] = [0.9, MIN_SCORE, MIN_SCORE / 2]

    found = PersonDetector(disc_world.persons).detect(np.zeros((240, 400, 3), np.uint8))

    assert found.scores.tolist() == pytest.approx([0.9, MIN_SCORE])
    assert found.boxes_xyxy.tolist() == [[10, 20, 60, 200], [100, 20, 160, 200]]


def test_an_empty_frame_has_no_persons(disc_world):
    found = PersonDetector(disc_world.persons).detect(np.zeros((240, 400, 3), np.uint8))

    assert found.boxes_xyxy.shape == (0, 4)


def test_a_model_of_another_kind_is_refused_by_its_role(disc_world):
    with pytest.raises(EngineError, match=r"person detector: .*frame uint8\[1, None, None, 3\]"):
        PersonDetector(disc_world.blazeface)
