import asyncio
import time

import pytest

from engines.errors import SubfaceError
from stream import supervisor
from stream.errors import SourceUnreachableError
from stream.source.spec import SourceSpec
from stream.stop import Stop
from stream.supervisor import supervise


def spec(name, kind="file"):
    return SourceSpec(name=name, url=name, address=name, kind=kind, loopback=True)


async def outcomes(specs, run_source, stop=None):
    return await supervise(specs, run_source, stop=stop or Stop(), monotonic_s=time.monotonic)


@pytest.fixture(autouse=True)
def quick_restarts(monkeypatch):
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(supervisor, "DRAIN_S", 0.05)


async def test_sources_that_end_have_no_error():
    async def run(spec, tally):
        await asyncio.sleep(0)

    ended = await outcomes([spec("a"), spec("b")], run)
    assert [(o.summary.source, o.summary.outcome, o.error) for o in ended] == [
        ("a", "ended", None),
        ("b", "ended", None),
    ]


async def test_one_failing_leaves_the_others_alone():
    finished = []

    async def run(spec, tally):
        if spec.name == "bad":
            msg = "bad: not there"
            raise SourceUnreachableError(msg)
        await asyncio.sleep(0.02)
        finished.append(spec.name)

    bad, good = await outcomes([spec("bad"), spec("good")], run)
    assert bad.error.exit_code == 3
    assert bad.summary.outcome == "bad: not there"
    assert good.error is None
    assert finished == ["good"]


async def test_an_expected_failure_in_a_task_group_comes_out_alone():
    async def run(spec, tally):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.sleep(60))
            tasks.create_task(fail())

    async def fail():
        msg = "no such camera"
        raise SourceUnreachableError(msg)

    (outcome,) = await outcomes([spec("a")], run)
    assert isinstance(outcome.error, SourceUnreachableError)


async def test_a_live_source_is_restarted_within_its_budget(caplog):
    starts = []

    async def run(spec, tally):
        starts.append(spec.name)
        raise ZeroDivisionError("a defect")

    (outcome,) = await outcomes([spec("cam", "live")], run)
    assert len(starts) == 1 + supervisor.RESTARTS
    assert type(outcome.error) is SubfaceError
    assert "ZeroDivisionError" in outcome.summary.outcome
    assert "not foreseen" in caplog.text


async def test_a_live_source_that_recovers_is_well():
    starts = []

    async def run(spec, tally):
        starts.append(spec.name)
        if len(starts) == 1:
            raise ZeroDivisionError("once")

    (outcome,) = await outcomes([spec("cam", "live")], run)
    assert outcome.error is None
    assert len(starts) == 2


async def test_a_file_is_not_read_twice():
    starts = []

    async def run(spec, tally):
        starts.append(spec.name)
        raise ZeroDivisionError("a defect")

    await outcomes([spec("a.mp4")], run)
    assert len(starts) == 1


async def test_after_a_stop_a_source_that_does_not_finish_is_given_up():
    stop = Stop()

    async def run(spec, tally):
        asyncio.get_running_loop().call_soon(lambda: stop.request(interrupted=True))
        await asyncio.sleep(60)

    (outcome,) = await outcomes([spec("a")], run, stop)
    assert outcome.summary.outcome == "interrupted"
    assert outcome.error is None


async def test_nothing_is_left_running():
    async def run(spec, tally):
        await asyncio.sleep(0)

    await outcomes([spec("a")], run)
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1
