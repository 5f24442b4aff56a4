"""What two runs read of one person, held against each other."""

import pytest

from engines.spec.labels import EXPRESSIONS
from engines.spec.reading import Surface
from stream.comparison.reading_difference import ReadingDifferences, Said


def said(label="happy", valence=0.5, keypoints=1.0):
    probabilities = dict.fromkeys(EXPRESSIONS, 0.0) | {label: 1.0}
    surface = Surface(label=label, probabilities=probabilities, valence=valence)
    return Said(surface=surface, keypoints=keypoints)


def abstained(keypoints=0.0):
    return Said(surface=None, keypoints=keypoints)


def summary(*pairs):
    differences = ReadingDifferences()
    for first, second in pairs:
        differences.add(first, second)
    return differences.summary()


def test_the_same_readings_do_not_differ():
    found = summary((said(), said()), (said("sad", -0.5), said("sad", -0.5)))
    assert (found.readings, found.surfaces) == (2, 2)
    assert (found.valence_mean, found.valence_max, found.same_label) == (0, 0, 1)


def test_valences_differ_by_their_distance_and_labels_agree_or_not():
    found = summary((said(valence=0.5), said(valence=0.1)), (said(), said("neutral", 0.5)))
    assert found.valence_mean == pytest.approx(0.2)
    assert found.valence_max == pytest.approx(0.4)
    assert found.same_label == 0.5


def test_who_abstains_is_told():
    found = summary((said(), abstained()), (abstained(), said()), (abstained(), abstained()))
    assert (found.surfaces, found.surface_only_first, found.surface_only_second) == (0, 1, 1)
    assert found.valence_mean is None


def test_a_reading_that_one_run_alone_has_is_counted_apart():
    found = summary((said(), None), (None, said()), (None, said()))
    assert (found.readings, found.only_first, found.only_second) == (0, 1, 2)
    assert found.keypoints_first is None


def test_the_keypoint_coverage_of_both_is_told():
    found = summary((said(keypoints=1.0), said(keypoints=0.5)), (said(), abstained(0.0)))
    assert (found.keypoints_first, found.keypoints_second) == (1.0, 0.25)
