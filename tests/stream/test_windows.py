from dataclasses import replace

import numpy as np
import pytest

from stream.config import ReadingConfig
from stream.windows import WindowCutter


def hops(cutter, scenes):
    return [hop for s in scenes if (hop := cutter.add(s, s.arrived_s + 0.01)) is not None]


@pytest.fixture
def cutter():
    return WindowCutter(ReadingConfig())


def test_a_hop_comes_every_half_second_of_media_time(cutter, scene):
    scenes = [scene(i / 25, ("p1", "happy")) for i in range(76)]
    ends = [hop.windows[0].newest_s for hop in hops(cutter, scenes)]
    assert ends == pytest.approx([0.52, 1.0, 1.52, 2.0, 2.52, 3.0], abs=0.03)


@pytest.mark.parametrize("rate_hz", [8, 12, 25, 30])
def test_the_number_of_hops_does_not_depend_on_the_frame_rate(scene, rate_hz):
    cutter = WindowCutter(ReadingConfig())
    scenes = [scene(i / rate_hz, ("p1", "happy")) for i in range(10 * rate_hz + 1)]
    assert len(hops(cutter, scenes)) == 20


def test_a_window_holds_the_last_second_and_a_half_only(cutter, scene):
    scenes = [scene(i / 25, ("p1", "happy")) for i in range(101)]
    window = hops(cutter, scenes)[-1].windows[0]
    assert len(window.analysed) == 19
    assert window.end_s - window.start_s == pytest.approx(1.52)


def test_a_tick_without_a_frame_is_masked_and_zero(cutter, scene):
    times = [0.0, 0.08, 0.16, 0.56]
    window = hops(cutter, [scene(t, ("p1", "happy")) for t in times])[0].windows[0]
    assert window.analysed.tolist() == [True, True, True, False, False, False, False, True]
    assert window.expression_valid.tolist() == window.analysed.tolist()
    assert not window.expression[3:7].any()


def test_a_frame_without_the_face_is_analysed_but_not_valid(cutter, scene):
    scenes = [scene(0.0, ("p1", "happy")), scene(0.08, ("p1", None)), scene(0.6, ("p1", "happy"))]
    window = hops(cutter, scenes)[0].windows[0]
    assert window.analysed[1]
    assert not window.expression_valid[1]


def test_nobody_seen_is_a_window_that_says_so(cutter, scene):
    (hop,) = hops(cutter, [scene(0.0), scene(0.6)])
    assert [window.person_id for window in hop.windows] == [None]


def test_somebody_who_is_not_known_yet_is_not_the_nobody_of_a_window(cutter, scene):
    scenes = [scene(i / 25, (None, "happy")) for i in range(16)]
    (window,) = hops(cutter, scenes)[0].windows
    assert window.person_id is None
    assert not window.expression_valid.any()


def test_no_window_spans_a_break_of_the_stream(cutter, scene):
    before = [scene(i / 25, ("p1", "sad"), epoch=0) for i in range(40)]
    after = [scene(i / 25, ("p2", "happy"), epoch=1) for i in range(20)]
    window = hops(cutter, before + after)[-1].windows[0]
    assert window.epoch == 1
    assert window.person_id == "p2"
    assert window.start_s == 0.0


def test_a_pause_of_the_stream_makes_one_hop_not_a_burst(cutter, scene):
    scenes = [scene(0.0, ("p1", "happy")), scene(30.0, ("p1", "happy")), scene(30.1)]
    assert len(hops(cutter, scenes)) == 1


def test_the_end_gives_the_hop_of_what_came_last(cutter, scene):
    hops(cutter, [scene(i / 25, ("p1", "happy")) for i in range(20)])
    assert cutter.finish().windows[0].newest_s == pytest.approx(0.76)


def test_the_end_right_after_a_hop_gives_nothing_twice(cutter, scene):
    hops(cutter, [scene(0.0), scene(0.5)])
    assert cutter.finish() is None


def test_a_single_picture_makes_one_window(scene):
    cutter = WindowCutter(ReadingConfig(subject="all"), still=True)
    assert cutter.add(scene(0.0, ("p1", "happy"), ("p2", "sad")), 0.0) is None
    hop = cutter.finish()
    assert sorted(window.person_id for window in hop.windows) == ["p1", "p2"]
    assert hop.windows[0].still


def test_what_a_window_holds_cannot_be_written(cutter, scene):
    window = hops(cutter, [scene(0.0, ("p1", "happy")), scene(0.6)])[0].windows[0]
    with pytest.raises(ValueError, match="read-only"):
        window.expression[:] = 1


def test_the_later_of_two_frames_on_one_tick_stands(cutter, scene):
    scenes = [scene(0.0, ("p1", "sad")), scene(0.04, ("p1", "happy")), scene(0.6, ("p1", "sad"))]
    window = hops(cutter, scenes)[0].windows[0]
    assert np.argmax(window.expression[0]) == 3


def test_memory_does_not_grow_with_the_stream(cutter, scene):
    hops(cutter, [scene(i / 25, ("p1", "happy")) for i in range(2000)])
    assert len(cutter._seen) <= 40


def test_keypoints_are_laid_on_the_grid_beside_the_faces(cutter, scene):
    points = np.ones((137, 3), np.float32)
    with_points = [
        replace(s, observations=tuple(replace(o, keypoints=points) for o in s.observations))
        for s in (scene(0.0, ("p1", None)), scene(0.6, ("p1", "happy")))
    ]
    window = hops(cutter, [with_points[0], scene(0.16, ("p1", "sad")), with_points[1]])[0].windows[
        0
    ]
    assert window.keypoints_valid.nonzero()[0].tolist() == [0, 7]
    assert window.expression_valid.nonzero()[0].tolist() == [2, 7]
    assert window.keypoints[7].all()
    assert not window.keypoints[1:7].any()
