import asyncio
import time
from dataclasses import replace

import numpy as np
import pytest

from engines.perception.observer import Given
from engines.spec.frame import Frame
from engines.spec.reading import LatencyMs
from stream.bench.burnt_code import burn
from stream.bench.watch import SOURCE, Call, Watch, WatchedEyes, WatchedPublisher, WatchedWorker
from stream.clock import Clock
from stream.publish.publisher import Stamps
from stream.sight.sight import Look
from stream.worker import Worker


def call(source="cam", *, asked_s=10.0, begun_s=10.01, ended_s=10.03, **extra):
    return Call(
        source=source,
        arrived_s=asked_s,
        asked_s=asked_s,
        begun_s=begun_s,
        ended_s=ended_s,
        **extra,
    )


STAMPS = Stamps(
    captured_at=None, arrived_s=10.0, perceived_s=10.031, computed_s=10.05, face_age_s=0.0
)
LATENCY = LatencyMs(decode=None, perceive=31.0, step=19.0, publish=2.0, total=52.0)


@pytest.fixture
def reading(samples):
    return replace(samples.reading(), latency_ms=LATENCY)


def test_a_reading_is_cut_into_waiting_and_computing(reading):
    watch = Watch(Clock())
    watch.looks += [call("other"), call(asked_s=9.96), call()]
    watch.steps += [
        call(begun_s=10.02, ended_s=10.025),  # of a scene before
        call(begun_s=10.032, ended_s=10.036),
        call("other", begun_s=10.036, ended_s=10.046),  # in whose turn it waits
        call(begun_s=10.046, ended_s=10.049),
    ]
    watch.read(reading, STAMPS)
    (item,) = watch.items
    parts = (item.wait_ms, item.look_ms, item.step_ms, item.step_wait_ms, item.publish_ms)
    assert parts == pytest.approx((10.0, 20.0, 7.0, 13.0, 2.0), abs=1e-3)
    assert item.queue_ms + item.compute_ms == pytest.approx(item.total_ms, abs=1e-3)
    assert item.glass_ms is None


def test_from_glass_is_from_the_moment_in_the_newest_picture(reading):
    watch = Watch(Clock(), coded=True)
    watch.looks.append(call(glass_s=9.9))
    watch.read(reading, STAMPS)
    assert watch.items[0].glass_ms == pytest.approx(152.0, abs=1e-3)


def test_a_reading_whose_frame_is_forgotten_is_no_item(reading):
    watch = Watch(Clock())
    watch.looks.append(call(asked_s=11.0))
    watch.read(reading, STAMPS)
    assert not watch.items


async def test_a_publisher_that_is_watched_publishes_as_ever(reading):
    watch = Watch(Clock())
    arrived_s = watch.clock.monotonic_s()
    watch.looks.append(call(asked_s=arrived_s, begun_s=arrived_s, ended_s=arrived_s))
    stamps = replace(STAMPS, arrived_s=arrived_s, perceived_s=arrived_s, computed_s=arrived_s)
    stamped = await WatchedPublisher([], watch).put_reading(reading, stamps)
    assert watch.items[0].total_ms == stamped.latency_ms.total
    assert watch.first_s is not None


class Adder:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def add(self, one, other):
        return one + other


class Eyes:
    """Looks in turns, as a thread or a process does."""

    def __init__(self):
        self._free = asyncio.Lock()

    async def look(self, frame, watched):
        async with self._free:
            begun_s = time.monotonic()
            await asyncio.sleep(0.001)
            return Look(scene=watched, given=Given(), begun_s=begun_s, ended_s=time.monotonic())


def frame_of(image, arrived_s):
    return Frame(
        source="cam",
        epoch=0,
        shot=0,
        index=21,
        time_s=0.0,
        captured_at=None,
        arrived_s=arrived_s,
        image=image,
    )


async def test_a_worker_that_is_watched_does_its_work_and_tells_when_for_whom():
    watch = Watch(Clock())

    async def work(name):
        SOURCE.set(name)
        return await adder.call(Adder.add, 40, 2)

    async with Worker("adder", Adder) as worker:
        adder = WatchedWorker(worker, watch.steps, watch)
        assert await asyncio.gather(work("left"), work("right")) == [42, 42]
    assert [step.source for step in watch.steps] == ["left", "right"]
    for step in watch.steps:
        assert step.asked_s <= step.begun_s <= step.ended_s
    assert watch.steps[1].begun_s >= watch.steps[0].ended_s  # they take turns


async def test_eyes_that_are_watched_look_and_tell_when_and_what_moment_they_saw():
    watch = Watch(Clock(), coded=True)
    arrived_s = watch.clock.monotonic_s()
    image = np.zeros((360, 640, 3), np.uint8)
    burn(image, arrived_s - 0.2)
    eyes = WatchedEyes(Eyes(), watch)

    async def work(name):
        SOURCE.set(name)
        return (await eyes.look(frame_of(image, arrived_s), name)).scene

    assert await asyncio.gather(work("left"), work("right")) == ["left", "right"]
    assert [look.source for look in watch.looks] == ["left", "right"]
    for look in watch.looks:
        assert arrived_s == look.asked_s <= look.begun_s <= look.ended_s
        assert look.glass_s == pytest.approx(arrived_s - 0.2, abs=1e-4)
    assert watch.looks[1].begun_s >= watch.looks[0].ended_s


async def test_pictures_without_a_moment_are_counted():
    watch = Watch(Clock(), coded=True)
    assert watch.moment(frame_of(np.zeros((360, 640, 3), np.uint8), 1.0)) is None
    assert watch.unread == 1
