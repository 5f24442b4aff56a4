import threading

import pytest

from stream.second_thread import SecondThread


@pytest.fixture
def beside():
    second = SecondThread()
    yield second
    second.close()


def test_one_piece_of_work_runs_here_and_the_other_beside_it(beside):
    meeting = threading.Barrier(2)  # nobody passes it alone

    def meet():
        meeting.wait(timeout=5)
        return threading.current_thread()

    here, there = beside(meet, meet)
    assert here is threading.current_thread()
    assert there is not here


def test_an_error_of_either_is_raised_once_both_are_over(beside):
    done = []

    def fail():
        raise KeyError("boom")

    with pytest.raises(KeyError):
        beside(fail, lambda: done.append("there"))
    with pytest.raises(KeyError):
        beside(lambda: done.append("here"), fail)
    assert done == ["there", "here"]
