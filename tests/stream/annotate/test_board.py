from dataclasses import replace

import pytest

from stream.annotate.board import Board


@pytest.fixture
def board():
    return Board("cam")


@pytest.fixture
def reading(a_reading):
    def make(end_s, person_id="p1", *, epoch=0, source="cam"):
        window = replace(a_reading.window, start_s=end_s - 1.5, end_s=end_s)
        return replace(a_reading, person_id=person_id, window=window, epoch=epoch, source=source)

    return make


def test_a_frame_shows_what_was_read_until_then_and_nothing_later(board, reading):
    for end_s in (2.0, 2.5, 3.0):
        board.take(reading(end_s))
    assert board.at(2.6, epoch=0)["p1"].window.end_s == 2.5
    assert board.at(2.2, epoch=0)["p1"].window.end_s == 2.0
    assert board.at(1.0, epoch=0) == {}


def test_the_frame_that_closed_a_window_shows_its_reading(board, reading):
    board.take(reading(2.08))  # of a tick that begins at 2.0
    assert "p1" in board.at(2.0, epoch=0)


def test_each_person_has_a_reading_of_their_own(board, reading):
    board.take(reading(2.0, "p1"))
    board.take(reading(2.5, "p2"))
    assert set(board.at(2.6, epoch=0)) == {"p1", "p2"}


def test_a_reading_that_none_replaced_is_shown_for_two_seconds(board, reading):
    board.take(reading(2.0))
    assert "p1" in board.at(4.0, epoch=0)
    assert board.at(4.1, epoch=0) == {}


def test_nothing_of_before_a_break_is_shown_after_it(board, reading):
    board.take(reading(2.0, epoch=0))
    assert board.at(2.2, epoch=1) == {}


def test_another_sources_reading_is_not_shown(board, reading):
    board.take(reading(2.0, source="door"))
    assert board.at(2.0, epoch=0) == {}


def test_the_purpose_comes_with_the_session(board, samples):
    session = samples.session()
    board.take(session)
    assert board.policy == session.policy


def test_other_records_change_nothing(board, samples):
    for record in (samples.gap(), samples.event(), samples.status(), samples.summary()):
        board.take(record)
    assert board.policy is None
    assert board.at(0.0, epoch=0) == {}


def test_a_run_of_weeks_forgets_who_is_long_gone(board, reading):
    for number in range(500):
        board.take(reading(number * 1.0, f"p{number}"))
    assert len(board._readings) < 50
