from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.sequence.keypoint_state import KeypointState
from engines.sequence.normalize import (
    OFFSET_KEEP_S,
    ORIGIN_KEEP_S,
    SCALE_STRETCH,
    normalize,
    normalize_tick,
)
from engines.spec.skeleton import LEFT_SHOULDER, LEFT_WRIST, POINTS, RIGHT_SHOULDER

HZ = 12.5
WIDTH_PX = 100.0


def seated(ticks, *, width_px=WIDTH_PX):
    """Somebody who sits still, all points seen."""
    points = np.random.default_rng(0).uniform(100, 600, (POINTS, 3)).astype(np.float32)
    points[:, 2] = 0.9
    points[LEFT_SHOULDER, :2], points[RIGHT_SHOULDER, :2] = [400 + width_px, 300], [400, 300]
    return np.repeat(points[None], ticks, axis=0)


def normalized(points, *, time_s=None, shot=None, valid=None, state=None):
    ticks = len(points)
    return normalize(
        points,
        time_s=np.arange(ticks) / HZ if time_s is None else np.asarray(time_s, float),
        shot=np.zeros(ticks, np.int64) if shot is None else np.asarray(shot, np.int64),
        valid=np.ones(ticks, bool) if valid is None else np.asarray(valid, bool),
        state=state or KeypointState.fresh(),
    )


def test_coordinates_are_shoulder_widths_from_the_middle_of_the_shoulders():
    features, known, _ = normalized(seated(2))
    assert known.all()
    assert features[0, LEFT_SHOULDER].tolist() == pytest.approx([0.5, 0, 0.9, 0, 0])
    assert features[1, RIGHT_SHOULDER].tolist() == pytest.approx([-0.5, 0, 0.9, 0, 0])


def test_offsets_are_per_second_whatever_lies_between():
    points = seated(3)
    points[1:, LEFT_WRIST, 0] += 10
    points[2, LEFT_WRIST, 0] += 10
    features, _, _ = normalized(points, time_s=[0, 0.08, 0.28])
    assert features[:, LEFT_WRIST, 3] == pytest.approx([0, 0.1 / 0.08, 0.1 / 0.2], rel=1e-3)


def test_a_sway_of_the_whole_body_is_seen_in_the_offsets_alone():
    points = seated(2)
    points[1, :, 0] += 8
    features, _, _ = normalized(points)
    assert features[1, :, :3] == pytest.approx(features[0, :, :3], abs=1e-5)
    assert features[1, :, 3] == pytest.approx(np.full(POINTS, 1.0), abs=1e-5)


def test_a_point_unseen_for_longer_has_no_offset():
    points = seated(3)
    points[1, LEFT_WRIST, 2] = 0
    points[2, LEFT_WRIST, 0] += 10
    near, _, _ = normalized(points, time_s=[0, 0.1, 0.2])
    assert near[2, LEFT_WRIST, 3] == pytest.approx(0.1 / 0.2)
    far, _, _ = normalized(points, time_s=[0, 0.1, 0.1 + OFFSET_KEEP_S])
    assert far[2, LEFT_WRIST, 3] == 0


def test_a_missing_point_is_zero_whatever_stands_there():
    points = seated(1)
    points[0, LEFT_WRIST] = [np.nan, 1e9, 0]
    features, _, _ = normalized(points)
    assert not features[0, LEFT_WRIST].any()


def test_shoulders_out_of_sight_are_taken_to_be_where_they_were_for_a_while():
    points = seated(3)
    points[1:, LEFT_SHOULDER, 2] = 0
    features, known, _ = normalized(points, time_s=[0, ORIGIN_KEEP_S, ORIGIN_KEEP_S + 0.1])
    assert known.tolist() == [True, True, False]
    assert features[1, LEFT_WRIST, :2] == pytest.approx(features[0, LEFT_WRIST, :2])
    assert not features[2].any()


def test_before_the_shoulders_were_seen_nothing_is_known():
    points = seated(2)
    points[0, RIGHT_SHOULDER, 2] = 0
    assert normalized(points)[1].tolist() == [False, True]


def test_a_cut_keeps_the_scale_and_ends_offsets_and_the_remembered_origin():
    points = seated(3)
    points[1:, :, :2] += 50
    points[1, LEFT_SHOULDER, 2] = 0
    features, known, state = normalized(points, shot=[0, 1, 1])
    assert known.tolist() == [True, False, True]
    assert not features[1].any()
    assert state.scale_px == pytest.approx(WIDTH_PX)
    points = seated(2)
    points[1, :, :2] += 50
    cut, _, _ = normalized(points, shot=[0, 1])
    assert not cut[1, :, 3:].any()


def test_a_cut_on_a_tick_without_keypoints_is_a_cut_all_the_same():
    points = seated(3)
    points[2, :, :2] += 50
    features, _, _ = normalized(points, shot=[0, 1, 1], valid=[True, False, True])
    assert not features[2, :, 3:].any()


def test_the_scale_follows_slowly_and_no_single_tick_pulls_it_far():
    points = np.concatenate([seated(40), seated(1, width_px=5 * WIDTH_PX), seated(40)])
    _, _, after = normalized(points)
    assert WIDTH_PX < after.scale_px < WIDTH_PX * (1 + (SCALE_STRETCH - 1) / 20)
    nearer = np.concatenate([seated(40), seated(1500, width_px=1.4 * WIDTH_PX)])
    assert normalized(nearer)[2].scale_px == pytest.approx(1.4 * WIDTH_PX, rel=0.01)


def test_shoulders_too_near_each_other_give_no_scale():
    _, known, state = normalized(seated(2, width_px=3))
    assert not known.any()
    assert state.scale_px == 0


def test_what_jumps_ends_at_a_limit():
    points = seated(2)
    points[1, LEFT_WRIST, :2] = 1e6
    features, _, _ = normalized(points)
    assert features[1, LEFT_WRIST].tolist() == pytest.approx([8, 8, 0.9, 20, 20])


def test_a_seen_point_that_is_no_number_is_named():
    points = seated(2)
    points[1, 7, 0] = np.nan
    with pytest.raises(ValueError, match=r"keypoint 7 at 0\.080 s is \[nan, .*finite"):
        normalized(points)


def test_time_that_does_not_rise_is_refused():
    with pytest.raises(ValueError, match=r"at 0\.040 s come after those at 0\.080 s"):
        normalized(seated(3), time_s=[0, 0.08, 0.04])
    _, _, state = normalized(seated(2))
    with pytest.raises(ValueError, match="time must rise"):
        normalized(seated(1), state=state)


def test_a_single_tick_is_a_history_of_one():
    points = seated(2)
    points[1, RIGHT_SHOULDER, 2] = 0
    whole, _, after = normalized(points, time_s=[0, 0.08])
    state = KeypointState.fresh()
    for tick in range(2):
        alone, state = normalize_tick(points[tick], time_s=tick * 0.08, shot=0, state=state)
        assert np.array_equal(alone, whole[tick])
    assert state.scale_px == after.scale_px
    late, _ = normalize_tick(points[1], time_s=60.0, shot=0, state=state)
    assert late is None


def test_nothing_seen_leaves_the_state_as_it_was():
    state = KeypointState.fresh()
    features, known, after = normalized(seated(2), valid=[False, False], state=state)
    assert after is state
    assert not features.any()
    assert not known.any()


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), parts=st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_any_division_of_a_history_gives_the_same_bits(make_interview, seed, parts):
    person = make_interview(seed, sum(parts))
    whole, whole_known, whole_state = normalized_person(person, slice(None), KeypointState.fresh())
    state, first, pieces = KeypointState.fresh(), 0, []
    for part in parts:
        features, known, state = normalized_person(person, slice(first, first + part), state)
        pieces.append((features, known))
        first += part
    assert np.array_equal(np.concatenate([piece[0] for piece in pieces]), whole)
    assert np.array_equal(np.concatenate([piece[1] for piece in pieces]), whole_known)
    for field in fields(KeypointState):
        assert np.array_equal(getattr(state, field.name), getattr(whole_state, field.name))


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), tick=st.integers(1, 59))
def test_later_ticks_never_change_earlier_ones(make_interview, seed, tick):
    person = make_interview(seed, 60)
    before, _, _ = normalized_person(person, slice(0, tick), KeypointState.fresh())
    other = make_interview(seed + 1, 60)
    for name in ("keypoints", "keypoints_valid"):
        person[name] = np.concatenate([person[name][:tick], other[name][tick:]])
    after, _, _ = normalized_person(person, slice(None), KeypointState.fresh())
    assert np.array_equal(before, after[:tick])


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    shift=st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000)),
    scale=st.floats(0.5, 3),
)
def test_where_somebody_sits_and_how_near_does_not_matter(make_interview, seed, shift, scale):
    person = make_interview(seed, 60)
    here, known, _ = normalized_person(person, slice(None), KeypointState.fresh())
    points = person["keypoints"].astype(np.float64)
    points[:, :, :2] = points[:, :, :2] * scale + shift
    person["keypoints"] = points.astype(np.float32)
    there, known_there, _ = normalized_person(person, slice(None), KeypointState.fresh())
    assert np.array_equal(known, known_there)
    assert there[:, :, :3] == pytest.approx(here[:, :, :3], abs=1e-4)
    # a float32 pixel at 4,000 is known to 1/4,000; seen 20 ms later it is a speed
    assert there[:, :, 3:] == pytest.approx(here[:, :, 3:], abs=2e-2)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), rubbish=st.sampled_from([0.0, 1e30, np.nan, np.inf]))
def test_what_stands_on_a_tick_without_keypoints_does_not_matter(make_interview, seed, rubbish):
    person = make_interview(seed, 60)
    features, known, _ = normalized_person(person, slice(None), KeypointState.fresh())
    person["keypoints"][~person["keypoints_valid"]] = rubbish
    person["time_s"][~person["keypoints_valid"]] = -1
    again, known_again, _ = normalized_person(person, slice(None), KeypointState.fresh())
    assert np.array_equal(features, again)
    assert np.array_equal(known, known_again)


def normalized_person(person, ticks, state):
    return normalize(
        person["keypoints"][ticks],
        time_s=person["time_s"][ticks],
        shot=person["shot"][ticks],
        valid=person["keypoints_valid"][ticks],
        state=state,
    )
