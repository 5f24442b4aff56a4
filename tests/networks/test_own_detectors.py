"""Which weights become a person detector: what is looked for in them, and what is refused."""

from pathlib import Path

import pytest

from engines.build.onnx_export import YOLO, person_class, person_detector  # YOLO kept offline
from engines.errors import ModelError

BEST = Path("best.pt")


@pytest.mark.parametrize(
    ("names", "place"),
    [
        ({0: "person", 1: "bicycle"}, 0),
        ({0: "ball", 1: "Person"}, 1),
        ({0: "player"}, 0),  # whatever the one class is called
    ],
)
def test_a_person_is_the_class_of_that_name_or_the_only_one(names, place):
    assert person_class(names, BEST) == place


def test_weights_that_know_no_person_are_refused_with_what_they_know():
    with pytest.raises(ModelError, match=r"best\.pt: expected a class named person.*cat, dog"):
        person_class({0: "cat", 1: "dog"}, BEST)


def test_weights_that_detect_nothing_are_refused(tmp_path):
    weights = tmp_path / "classifier.pt"
    YOLO("yolo11n-cls.yaml").save(weights)
    with pytest.raises(ModelError, match=r"classifier\.pt: expected a YOLO that detects"):
        person_detector(weights, (320, 320))
