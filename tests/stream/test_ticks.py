"""Scenes become ticks: each once, complete, and with nothing of their future."""

import numpy as np
import pytest

from engines.spec.transcript import TextEvidence
from stream.config import ReadingConfig
from stream.ticks import Ticks


def laid(ticks, scenes):
    found = [tick for scene in scenes for tick in ticks.add(scene)]
    return [*found, *ticks.finish()]


@pytest.fixture
def ticks():
    return Ticks(ReadingConfig())


@pytest.mark.parametrize("rate_hz", [12.5, 25, 50])
def test_every_tick_comes_once_however_many_frames_fall_on_it(ticks, scene, rate_hz):
    scenes = [scene(i / rate_hz, ("p1", "happy")) for i in range(int(4 * rate_hz))]
    assert [tick.tick for tick in laid(ticks, scenes)] == list(range(50))


def test_a_tick_comes_when_a_later_one_has_begun(ticks, scene):
    assert ticks.add(scene(0.0, ("p1", "happy"))) == ()
    assert ticks.add(scene(0.04, ("p1", "happy"))) == ()
    (tick,) = ticks.add(scene(0.08, ("p1", "happy")))
    assert (tick.tick, tick.time_s) == (0, 0.04)


def test_of_two_frames_on_a_tick_the_later_stands_unless_it_missed_the_person(ticks, scene):
    (seen,) = laid(ticks, [scene(0.0, ("p1", "happy")), scene(0.04)])
    assert seen.time_s == 0.0
    assert seen.expression is not None


def test_somebody_watched_and_not_seen_has_a_tick_without_a_face(ticks, scene):
    found = laid(ticks, [scene(0.0, ("p1", "happy")), scene(0.08), scene(0.16, ("p1", "happy"))])
    assert [tick.expression is None for tick in found] == [False, True, False]


def test_the_last_tick_of_an_epoch_comes_with_the_first_frame_of_the_next(ticks, scene):
    ticks.add(scene(1.0, ("p1", "happy")))
    (last,) = ticks.add(scene(0.0, ("p1", "happy"), epoch=1))
    assert (last.epoch, last.tick) == (0, 12)


def test_words_are_as_known_at_the_frame(scene):
    said = TextEvidence(
        embedding=np.zeros(4, np.float32), words=1, start_s=0.0, end_s=0.1, available_s=0.1
    )
    ticks = Ticks(ReadingConfig(), text=lambda _, time_s: said if time_s >= 0.1 else None)
    found = laid(ticks, [scene(i * 0.08, ("p1", "happy")) for i in range(3)])
    assert [tick.text for tick in found] == [None, None, said]
