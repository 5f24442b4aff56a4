import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.config import ReconnectConfig
from stream.source.backoff import FIRST_S, JITTER, Backoff
from stream.source.detachable import DetachableThread
from stream.source.interleave import SPAN_S, in_time_order
from stream.source.pacing import LATE_S, Pacer

CONFIG = ReconnectConfig()


@given(st.lists(st.floats(0, 0.4), max_size=50), st.lists(st.floats(0, 0.4), max_size=50))
def test_two_media_written_one_after_the_other_come_in_the_order_of_their_time(a, b):
    def cumulated(steps, medium):
        total = 0.0
        for step in steps:
            total += step
            yield medium, total, (medium, total)

    # blocks of half a second, first of the one, then of the other
    written = sorted([*cumulated(a, 0), *cumulated(b, 1)], key=lambda t: (t[1] // 0.5, t[0]))
    out = list(in_time_order(written))
    assert sorted(out) == sorted(item for *_, item in written)
    assert [time for _, time in out] == sorted(time for _, time in out)


def test_what_has_no_time_goes_with_the_one_before_it():
    assert list(in_time_order([(0, 1.0, "a"), (0, None, "b"), (1, 0.5, "c")])) == ["c", "a", "b"]


def test_what_comes_too_late_to_be_ordered_is_not_lost():
    late = [(0, 0.0, "a"), (0, SPAN_S + 1, "b"), (1, 0.1, "late")]
    assert list(in_time_order(late)) == ["a", "late", "b"]


def test_a_medium_whose_timestamps_jump_back_keeps_its_order():
    timed = [(0, 5.0, "a"), (1, 5.0, "A"), (0, 0.0, "b"), (1, 0.0, "B"), (0, 0.1, "c")]
    assert list(in_time_order(timed)) == ["a", "A", "b", "B", "c"]


@given(st.integers(1, 10_000), st.floats(0, 1e6))
def test_a_pause_is_never_longer_than_the_cap_of_its_time(attempt, outage_s):
    cap_s = CONFIG.early_cap_s if outage_s < CONFIG.early_s else CONFIG.late_cap_s
    assert 0 < Backoff(CONFIG).pause_s(attempt, outage_s) <= cap_s


def test_pauses_double_up_to_the_cap():
    for attempt in range(1, 8):
        longest_s = min(FIRST_S * 2 ** (attempt - 1), CONFIG.late_cap_s)
        pauses = [Backoff(CONFIG).pause_s(attempt, 1e3) for _ in range(200)]
        assert longest_s * (1 - JITTER) <= min(pauses) <= max(pauses) <= longest_s
        assert max(pauses) > longest_s * 0.9


def test_in_the_first_ten_seconds_no_pause_is_longer_than_one():
    assert max(Backoff(CONFIG).pause_s(n, 9.9) for n in range(1, 100)) <= 1.0


class Times:
    """A monotonic clock that sleeping moves."""

    def __init__(self):
        self.now_s = 100.0
        self.slept = []

    def __call__(self):
        return self.now_s

    async def sleep(self, seconds):
        self.slept.append(round(seconds, 6))
        self.now_s += seconds


@pytest.fixture
def times(monkeypatch):
    times = Times()
    monkeypatch.setattr("stream.source.pacing.asyncio.sleep", times.sleep)
    return times


async def test_items_go_at_the_speed_of_their_time(times):
    pacer = Pacer(times)
    for time_s in (0.0, 0.04, 0.08, 0.5):
        await pacer.wait(0, time_s)
    assert times.slept == [0.04, 0.04, 0.42]


async def test_what_is_late_is_not_waited_for_and_the_rest_catches_up(times):
    pacer = Pacer(times)
    await pacer.wait(0, 0.0)
    times.now_s += 0.1
    for time_s in (0.04, 0.08, 0.12):
        await pacer.wait(0, time_s)
    assert times.slept == [0.02]


async def test_after_a_long_delay_nothing_runs_in_fast_motion(times):
    pacer = Pacer(times)
    await pacer.wait(0, 0.0)
    times.now_s += LATE_S + 60
    for time_s in (0.04, 0.08):
        await pacer.wait(0, time_s)
    assert times.slept == [0.04]


async def test_an_epoch_starts_a_clock_of_its_own(times):
    pacer = Pacer(times)
    await pacer.wait(0, 0.0)
    await pacer.wait(1, 500.0)
    await pacer.wait(1, 500.04)
    assert times.slept == [0.04]


async def test_calls_run_in_order_on_one_thread_and_closing_comes_last():
    log = []
    thread = DetachableThread("decode")
    first = thread.call(lambda: log.append(("a", threading.get_ident())))
    second = thread.call(lambda: log.append(("b", threading.get_ident())))
    await asyncio.gather(first, second)
    await thread.end(lambda: log.append(("end", threading.get_ident())), grace_s=5)
    assert [word for word, _ in log] == ["a", "b", "end"]
    assert len({ident for _, ident in log}) == 1


async def test_an_error_belongs_to_the_caller():
    thread = DetachableThread("decode")
    with pytest.raises(ZeroDivisionError):
        await thread.call(lambda: 1 / 0)
    assert await thread.call(lambda: 7) == 7
    await thread.end(lambda: None, grace_s=5)


async def test_a_blocked_thread_is_left_behind_and_closes_by_itself(caplog):
    release, closed = threading.Event(), threading.Event()
    thread = DetachableThread("decode")
    blocked = asyncio.ensure_future(thread.call(release.wait))
    await asyncio.sleep(0)
    await thread.end(closed.set, grace_s=0.05)
    assert "left to end by itself" in caplog.text
    assert not closed.is_set()
    release.set()
    assert closed.wait(5)
    await blocked
