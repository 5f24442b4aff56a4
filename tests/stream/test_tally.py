import numpy as np

from engines.spec.frame import Frame, Sound
from stream.channel import Channel, Overflow
from stream.tally import Tally


def frame(index, time_s, *, epoch=0, shot=0):
    return Frame(
        source="cam",
        epoch=epoch,
        shot=shot,
        index=index,
        time_s=time_s,
        captured_at=None,
        arrived_s=0.0,
        image=np.zeros((2, 2, 3), np.uint8),
    )


def test_media_time_adds_up_within_epochs_only():
    tally = Tally("cam", 0.0)
    for args in [(0, 5.0, 0), (1, 6.0, 0), (2, 100.0, 1), (3, 102.5, 1)]:
        tally.frame(frame(args[0], args[1], epoch=args[2]))
    summary = tally.summary("ended", 10.0)
    assert summary.media_s == 3.5
    assert summary.epochs == 2
    assert summary.frames_decoded == 4
    assert summary.wall_s == 10.0


def test_shots_are_counted_over_epochs():
    tally = Tally("cam", 0.0)
    for index, shot in enumerate([0, 0, 1, 1, 2]):
        tally.frame(frame(index, index / 25, shot=shot))
    assert tally.summary("ended", 1.0).shots == 3


def test_sound_is_counted_in_seconds():
    tally = Tally("cam", 0.0)
    samples = np.zeros(8000, np.float32)
    tally.sound(Sound(source="cam", epoch=0, time_s=0.0, arrived_s=0.0, samples=samples), 16_000)
    assert tally.summary("ended", 1.0).sound_s == 0.5


def test_sound_in_two_channels_lasts_no_longer():
    tally = Tally("cam", 0.0)
    samples = np.zeros(8000, np.float32)
    for channel in (0, 1):
        sound = Sound(
            source="cam", epoch=0, time_s=0.0, arrived_s=0.0, samples=samples, channel=channel
        )
        tally.sound(sound, 16_000)
    assert tally.summary("ended", 1.0).sound_s == 0.5


async def test_the_edges_of_a_restart_are_added_to_those_before():
    tally = Tally("cam", 0.0)
    for items in (3, 4):
        channel = Channel("a -> b", 2, Overflow.DROP_OLDEST)
        tally.watch(channel)
        for item in range(items):
            await channel.send(item)
        channel.abandon()
    (edge,) = tally.summary("ended", 1.0).edges
    assert edge.received == 7
    assert edge.drops == {"overflow": 3, "stopped": 4}


def test_sound_without_a_picture_is_media_too():
    tally = Tally("radio", 0.0)
    for epoch in (0, 0, 1):
        samples = np.zeros(16_000, np.float32)
        tally.sound(
            Sound(source="radio", epoch=epoch, time_s=0.0, arrived_s=0.0, samples=samples), 16_000
        )
    summary = tally.summary("ended", 3.0)
    assert (summary.media_s, summary.epochs, summary.frames_decoded) == (3.0, 2, 0)
