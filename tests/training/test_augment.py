from dataclasses import replace

import numpy as np
import pytest

from engines.spec.skeleton import INDEX, LEFT_HAND, LEFT_WRIST, RIGHT_HAND, RIGHT_WRIST
from training.learning.augment import (
    augmented,
    mirrored,
    warped,
    with_later_words,
    without_points,
    without_ticks,
)
from training.learning.features import track
from training.learning.recipe import AugmentRecipe
from training.synthetic.interviews import SyntheticInterviews
from training.synthetic.script import SyntheticConfig

EVERYTHING = AugmentRecipe(mirror=0.5, warp=0.2, points=0.05, ticks=0.1, words_s=1.0)


@pytest.fixture(scope="module")
def person():
    """Five minutes of a made-up person."""
    return SyntheticInterviews(SyntheticConfig(interviews=1, subjects=1, grid_hz=5.0))[0]


def random(seed=0):
    return np.random.default_rng(seed)


def test_a_mirror_changes_left_for_right_in_all_137_points_and_turns_x(person):
    features = track(person, "keypoints", width=5).features
    seen = track(mirrored(person), "keypoints", width=5).features
    turned = features * np.array([-1, 1, 1, -1, 1], np.float32)
    for left, right in (
        (LEFT_WRIST, RIGHT_WRIST),
        (INDEX["left_ear"], INDEX["right_ear"]),
        (INDEX["face_right_pupil"], INDEX["face_left_pupil"]),
        (INDEX["face_contour_0"], INDEX["face_contour_16"]),
        (INDEX["nose"], INDEX["nose"]),
    ):
        assert seen[:, left] == pytest.approx(turned[:, right], abs=1e-4)
    assert seen[:, LEFT_HAND] == pytest.approx(turned[:, RIGHT_HAND], abs=1e-4)
    assert np.abs(seen).sum() > 0


def test_two_mirrors_show_the_person_again(person):
    assert np.array_equal(mirrored(mirrored(person)).keypoints, person.keypoints)


def test_a_warp_moves_pictures_and_words_together_and_keeps_the_grid(person):
    other = warped(person, 0.2, random())
    assert len(other) / len(person) == pytest.approx(1, abs=0.2)
    assert (np.floor(other.time_s * 5.0 + 1e-6) == np.arange(len(other))).all()
    assert len(other.text) == len(person.text)
    ratio = other.text_available_s[-1] / person.text_available_s[-1]
    assert ratio == pytest.approx(other.time_s[-1] / person.time_s[-1], abs=0.02)
    assert not np.array_equal(other.text_available_s, person.text_available_s)


def test_a_slower_person_leaves_ticks_empty_and_a_faster_one_loses_some(interview):
    class Pace:
        def __init__(self, value):
            self.value = value

        def uniform(self, low, high, size):
            return np.full(size, self.value)

    slow, fast = (warped(interview(), 0.25, Pace(value)) for value in (1.0, -1.0))
    assert len(slow) == pytest.approx(125, abs=2)
    assert slow.keypoints_valid.sum() == pytest.approx(100, abs=2)
    assert not slow.keypoints[~slow.keypoints_valid].any()
    assert len(fast) == pytest.approx(80, abs=2)
    assert fast.keypoints_valid.all()


def test_points_are_lost_in_the_stated_share(person):
    seen = (person.keypoints[:, :, 2] > 0).sum()
    left = (without_points(person, 0.2, random()).keypoints[:, :, 2] > 0).sum()
    assert left / seen == pytest.approx(0.8, abs=0.01)


def test_ticks_are_lost_in_runs_from_pictures_and_not_from_words(person):
    long = replace(
        person,
        keypoints_valid=np.ones(len(person), np.bool_),
        appearance_valid=np.ones(len(person), np.bool_),
    )
    lost = ~without_ticks(long, 0.2, random()).keypoints_valid
    assert lost.mean() == pytest.approx(0.2, abs=0.06)
    runs = (np.diff(lost.astype(int)) == 1).sum()
    assert lost.sum() / runs > 2
    other = without_ticks(long, 0.2, random())
    assert np.array_equal(other.appearance_valid, other.keypoints_valid)
    assert not other.keypoints[lost].any()
    assert np.array_equal(other.text_available_s, person.text_available_s)


def test_words_come_later_and_in_their_order(person):
    late_s = with_later_words(person, 2.0, random()).text_available_s - person.text_available_s
    assert (late_s >= 0).all()
    assert 0.5 < late_s.mean() < 2
    assert late_s.std() > 0


def test_the_same_generator_makes_the_same_interview(person):
    first, second, third = (augmented(person, EVERYTHING, random(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.keypoints, second.keypoints)
    assert np.array_equal(first.text_available_s, second.text_available_s)
    assert first.keypoints.shape != third.keypoints.shape or (
        not np.array_equal(first.keypoints, third.keypoints)
    )


def test_nothing_is_varied_in_place(person):
    before = person.keypoints.copy()
    augmented(person, EVERYTHING, random())
    assert np.array_equal(person.keypoints, before)


def test_a_recipe_of_zeros_varies_nothing(person):
    assert not AugmentRecipe().varies
    assert augmented(person, AugmentRecipe(), random()) is person
