"""From glass to publication: the bench's camera, and the moments read back from its pictures."""

import asyncio
import socket
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from stream.bench.camera import RATE_HZ, Camera, first_pictures, open_camera
from stream.bench.report import Glass
from stream.bench.spread import spread_of
from stream.bench.trial import Bounds, Reached, Trials
from stream.bench.watch import Watch
from stream.child import Child
from stream.clock import Clock
from stream.source.address import parse_sources

SLICE_S: Final = 0.2
"""So long one call of the camera lasts: it can be ended between two."""
OPENING_S: Final = 2.0
"""So long it lasts beyond what is asked for, since a live stream is analysed before it is shown."""
STARTING: Final = 2
"""Readings left out: a stream's first pictures wait until the demuxer has analysed it."""


async def glass_to_publish(
    trials: Trials, film: Path, for_s: float, *, reached: Reached = lambda _s: None
) -> Glass:
    """Measure from the drawing of a picture to the publication of its reading.

    Args:
        trials: With the engines open.
        film: Whose pictures the camera shows.
        for_s: How long.
        reached: Told how far it is.

    Raises:
        SubfaceError: If the film has no pictures, or the camera's stream could not be read.
    """
    height_px, width_px, _ = (await asyncio.to_thread(first_pictures, film))[0].shape
    port = _free_port()
    (spec,) = parse_sources([f"glass=udp://127.0.0.1:{port}"])
    opened = partial(open_camera, film, f"udp://127.0.0.1:{port}?pkt_size=1316")
    watch = Watch(Clock(), coded=True)
    async with Child("camera", opened, threads=1) as camera:
        playing = asyncio.create_task(_play(camera), name="camera")
        try:
            await trials.run(
                [spec],
                Bounds(for_s=for_s + OPENING_S),
                watch=watch,
                without=[camera.pid] if camera.pid else [],
                reached=reached,
            )
        finally:
            playing.cancel()
            with suppress(asyncio.CancelledError):
                await playing
    items = list(watch.items)[STARTING:]
    pairs = [(item.glass_ms, item.total_ms) for item in items if item.glass_ms is not None]
    return Glass(
        width_px=width_px,
        height_px=height_px,
        frames_hz=float(RATE_HZ),
        readings=len(pairs),
        unread=watch.unread,
        glass_ms=spread_of([glass_ms for glass_ms, _ in pairs]),
        before_ms=spread_of([glass_ms - total_ms for glass_ms, total_ms in pairs]),
        total_ms=spread_of([total_ms for _, total_ms in pairs]),
    )


async def _play(camera: Child[Camera]) -> None:
    while True:
        await camera.call(Camera.play, SLICE_S)


def _free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
