"""Sound as it arrives, and what tells that somebody who spoke is cut off."""

import asyncio

import numpy as np

from engines.spec.frame import Sound
from stream.arrivals import arrivals
from stream.channel import Channel, Overflow


def sound(time_s):
    samples = np.zeros(160, np.float32)
    return Sound(source="cam", epoch=0, time_s=time_s, arrived_s=0.0, samples=samples)


async def collect(channel, patience_s):
    return [arrived async for arrived in arrivals(channel, patience_s)]


async def test_what_has_come_is_taken_together_and_in_order():
    channel = Channel("sounds", 10, Overflow.WAIT)
    first, second = sound(0.0), sound(0.01)
    await channel.send(first)
    await channel.send(second)
    await channel.close()
    assert await collect(channel, None) == [[first, second]]


async def test_a_pause_is_an_empty_arrival_and_nothing_is_lost_by_it():
    channel = Channel("sounds", 10, Overflow.WAIT)

    async def send_late():
        await asyncio.sleep(0.05)
        await channel.send(sound(1.0))
        await channel.close()

    sending = asyncio.create_task(send_late())
    got = await collect(channel, 0.01)
    await sending
    assert got[0] == []
    assert [packet.time_s for arrived in got for packet in arrived] == [1.0]
    assert channel.count.received == channel.count.delivered == 1


async def test_a_file_is_never_impatient():
    channel = Channel("sounds", 10, Overflow.WAIT)

    async def close_late():
        await asyncio.sleep(0.05)
        await channel.close()

    closing = asyncio.create_task(close_late())
    assert await collect(channel, None) == []
    await closing
