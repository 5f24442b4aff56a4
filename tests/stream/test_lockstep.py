"""Eyes and ears of a file wait for one another, and never for what does not come."""

import asyncio

import pytest

from stream.channel import Channel, Overflow
from stream.lockstep import Lockstep

SOON_S = 0.05


@pytest.fixture
def frames():
    return Channel("frames", 10, Overflow.WAIT)


@pytest.fixture
def sounds():
    return Channel("sounds", 10, Overflow.WAIT)


async def is_waiting(awaitable):
    """Return a task that still waits after a moment, or fail."""
    task = asyncio.ensure_future(awaitable)
    await asyncio.sleep(SOON_S)
    assert not task.done()
    return task


async def test_a_frame_waits_until_what_was_said_before_it_is_known(frames, sounds):
    together = Lockstep(frames, sounds)
    await sounds.send("packet")
    await sounds.send("packet")
    frame = await is_waiting(together.seeing(2.0))
    await together.heard(1, 1.5)
    await asyncio.sleep(SOON_S)
    assert not frame.done()
    await together.heard(1, 2.0)
    await frame


async def test_a_frame_does_not_wait_for_sound_that_was_not_decoded_yet(frames, sounds):
    together = Lockstep(frames, sounds)
    await sounds.send("packet")
    frame = await is_waiting(together.seeing(2.0))
    await together.heard(
        1, 0.5
    )  # all that there is: a film with a hole, or without sound from here
    await frame


async def test_a_film_without_sound_is_seen_without_waiting(frames, sounds):
    together = Lockstep(frames, sounds)
    for time_s in range(100):
        await together.seeing(time_s)
        await together.seen()


async def test_an_utterance_waits_for_the_mouths_of_its_time(frames, sounds):
    together = Lockstep(frames, sounds)
    await frames.send("frame")
    await frames.send("frame")
    utterance = await is_waiting(together.hearing(3.0))
    await together.seeing(2.0)
    await together.seen()
    await asyncio.sleep(SOON_S)
    assert not utterance.done()
    await together.seeing(3.0)
    await utterance


async def test_sound_without_pictures_is_heard_without_waiting(frames, sounds):
    together = Lockstep(frames, sounds)
    for time_s in range(100):
        await together.hearing(time_s)
        await together.heard(1, time_s)


async def test_two_who_wait_for_one_another_do_not_wait_for_ever(frames, sounds):
    together = Lockstep(frames, sounds)
    for _ in range(3):
        await frames.send("frame")
        await sounds.send("packet")
    await together.heard(1, 1.0)
    frame = await is_waiting(together.seeing(2.0))
    # the utterance that ends at 2.5 s is known later than that, so the frame at 2 s may pass
    utterance = asyncio.ensure_future(together.hearing(2.5))
    await frame
    await together.seen()
    await together.seeing(2.5)
    await utterance
