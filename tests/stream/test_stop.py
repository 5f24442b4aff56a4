import asyncio

import pytest

from stream.stop import Stop


async def test_a_request_cuts_the_work_short():
    stop = Stop()
    asyncio.get_running_loop().call_later(0.01, stop.request)
    await stop.cuts_short(asyncio.sleep(60))
    assert stop.requested
    assert not stop.interrupted


async def test_work_that_ends_by_itself_is_awaited_to_its_end():
    done = []

    async def work():
        await asyncio.sleep(0)
        done.append(True)

    await Stop().cuts_short(work())
    assert done == [True]


async def test_a_request_made_before_ends_the_work_at_its_first_wait():
    stop = Stop()
    stop.request(interrupted=True)
    await stop.cuts_short(asyncio.sleep(60))
    assert stop.interrupted


async def test_a_timeout_of_the_work_itself_is_an_error():
    async def work():
        raise TimeoutError("the work's own")

    with pytest.raises(TimeoutError, match="the work's own"):
        await Stop().cuts_short(work())
