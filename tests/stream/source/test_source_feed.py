import asyncio
import threading
import time

import numpy as np
import pytest

from engines.spec.frame import Frame
from stream.config import SourceConfig
from stream.source import feed as feed_module
from stream.source.assemble import Assembler
from stream.source.decode import Picture
from stream.source.detachable import DetachableThread
from stream.source.failures import StreamBrokeError
from stream.source.feed import Feed
from stream.source.repeats import Repeats


def picture(index):
    return Picture(
        pts_s=index / 25,
        duration_s=0.04,
        captured_at=None,
        arrived_s=time.monotonic(),
        image=np.zeros((8, 8, 3), np.uint8),
        after_damage=False,
    )


class BlockedConnection:
    """A live source whose second read blocks until it is let go."""

    is_finite = may_repeat = hears_apart = False
    watched = "video"
    has_own_pace = True
    patience_s = 0.05
    start_pts_s = 0.0
    address = "rtsp://camera"

    def __init__(self):
        self.release = threading.Event()
        self.reads = 0

    def read(self):
        self.reads += 1
        if self.reads > 1:
            self.release.wait()
        return [picture(self.reads)]


@pytest.fixture
def blocked():
    connection = BlockedConnection()
    yield connection
    connection.release.set()


@pytest.fixture
def assembler():
    return Assembler("camera", SourceConfig().shots)


@pytest.fixture
async def feed(blocked, assembler, monkeypatch):
    monkeypatch.setattr(feed_module, "MARGIN_S", 0.05)
    thread = DetachableThread("camera decode")
    yield Feed(thread, blocked, assembler, Repeats())
    blocked.release.set()
    await thread.end(lambda: None, grace_s=5)


async def test_a_read_that_hangs_beyond_every_timeout_is_given_up(feed):
    await feed.first()
    with pytest.raises(StreamBrokeError, match="a read hung") as caught:
        await feed.next()
    assert caught.value.reason == "stalled"


async def test_what_a_read_brings_after_it_was_given_up_is_not_used(feed, blocked, assembler):
    await feed.first()
    with pytest.raises(StreamBrokeError):
        await feed.next()
    assembler.connect(start_pts_s=None, arrived_s=time.monotonic(), by_clock=True)
    blocked.release.set()
    await asyncio.sleep(0.1)
    (frame,) = [i for i in assembler.assemble([picture(0)]) if isinstance(i, Frame)]
    assert (frame.epoch, frame.index) == (1, 1)
