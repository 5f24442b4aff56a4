import asyncio
from contextlib import contextmanager

import pytest

from stream.health_news import HELD, telling_health
from stream.succession import Health


class Process:
    def __init__(self):
        self.told = None

    @contextmanager
    def watched(self, changed):
        self.told = changed
        yield
        self.told = None

    def is_now(self, detail):
        self.told(Health(state="reconnecting", detail=detail))


@pytest.fixture
def process():
    return Process()


async def test_each_change_is_said_in_its_order(process):
    said = []

    async def say(health):
        said.append(health.detail)

    async with telling_health(process.watched, say, name="news"):
        process.is_now("died")
        await asyncio.sleep(0.01)
        assert said == ["died"]
        process.is_now("started again")
    assert said == ["died", "started again"]
    assert process.told is None


async def test_of_too_many_the_oldest_are_left_out_and_that_is_said(process):
    said, free = [], asyncio.Event()

    async def say(health):
        await free.wait()
        said.append(health.detail)

    async with telling_health(process.watched, say, name="news"):
        process.is_now("first")
        await asyncio.sleep(0)
        for number in range(HELD + 3):
            process.is_now(str(number))
        free.set()
    assert said[:2] == ["first", "3; 3 changes before it were not told"]
    assert said[2:] == [str(number) for number in range(4, HELD + 3)]


async def test_who_cannot_publish_is_told_of(process):
    async def say(health):
        msg = f"no broker for {health.detail}"
        raise ConnectionError(msg)

    with pytest.raises(ConnectionError, match="no broker for died"):
        async with telling_health(process.watched, say, name="news"):
            process.is_now("died")
