import numpy as np
import pytest

from engines.spec.frame import SOUND_RATE_HZ
from stream.transcript.backlog import BACKLOG_S, without_backlog
from stream.transcript.tape import Tape


def filled(packets, duration_s, start_s=100.0):
    tape = Tape(start_s)
    for sound in packets(np.arange(round(duration_s * SOUND_RATE_HZ)), start_s):
        tape.put(sound)
    return tape


def test_sound_is_found_again_by_its_place(packets):
    tape = filled(packets, 2.0)
    assert tape.between(1000, 1003).tolist() == [1000, 1001, 1002]
    assert tape.end_s == 102.0
    assert tape.sample(101.0) == SOUND_RATE_HZ


def test_what_is_forgotten_is_whole_pieces_before_a_place(packets):
    tape = filled(packets, 2.0)
    tape.forget(700)
    assert tape.sample(0.0) == 640
    assert tape.between(640, 641).tolist() == [640]


def test_it_knows_when_a_sample_came(packets):
    tape = filled(packets, 2.0)
    end_s, arrived_s = tape.newest_until(321)
    assert end_s == pytest.approx(100.04)
    assert arrived_s == pytest.approx(1100.04)
    with pytest.raises(IndexError, match="ends at 32000"):
        tape.newest_until(32001)


def test_a_tape_of_hours_keeps_its_time(packets):
    tape = Tape(0.1)
    second = packets(np.zeros(SOUND_RATE_HZ), 0.0, packet=SOUND_RATE_HZ)[0]
    for _ in range(7200):
        tape.put(second)
        tape.forget(tape.end - SOUND_RATE_HZ)
    assert tape.end_s == 7200.1


def test_sound_that_has_not_piled_up_is_heard(packets):
    sounds = packets(np.zeros(round(BACKLOG_S * SOUND_RATE_HZ)))
    assert without_backlog(sounds) == (sounds, None)


def test_of_too_much_sound_the_newer_part_is_heard(packets):
    sounds = packets(np.zeros(round(1.5 * BACKLOG_S * SOUND_RATE_HZ)))
    kept, gap = without_backlog(sounds)
    assert [*sounds[: len(sounds) - len(kept)], *kept] == sounds
    assert gap.reason == "overrun"
    assert gap.start_s == 0.0
    assert gap.end_s == kept[0].time_s == pytest.approx(gap.lost_s)
    assert sum(len(sound.samples) for sound in kept) <= BACKLOG_S / 2 * SOUND_RATE_HZ


def test_a_gap_over_two_epochs_has_no_beginning(packets):
    half = round(BACKLOG_S * SOUND_RATE_HZ)
    sounds = packets(np.zeros(half)) + packets(np.zeros(half), start_s=3.0, epoch=1)
    _, gap = without_backlog(sounds)
    assert gap.epoch == 1
    assert gap.start_s is None
