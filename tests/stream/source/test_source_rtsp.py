"""Live sources on a real RTSP server: its clocks, its failures, its return."""

import asyncio
import subprocess
import threading
import time
from contextlib import aclosing
from itertools import pairwise

import numpy as np
import pytest

from engines.spec.frame import Frame
from stream.config import SourceConfig
from stream.errors import SourceUnreachableError
from stream.source.address import parse_sources
from stream.source.media import media as open_media

pytestmark = pytest.mark.network

RATE_HZ = 48_000


@pytest.fixture(scope="module")
def live_clip(need_tool, tmp_path_factory):
    """Four seconds of H.264 and AAC: a flash and a beep at every whole second."""
    path = tmp_path_factory.mktemp("live") / "live.mp4"
    picture = "color=gray:size=160x96:rate=25,geq=lum='if(lt(mod(N,25),5),235,40)':cb=128:cr=128"
    sound = "aevalsrc='if(lt(mod(t,1),0.2),0.6*sin(2*PI*1000*t),0)':sample_rate=48000"
    command = [
        *(need_tool("ffmpeg"), "-hide_banner", "-loglevel", "error"),
        *("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-t", "4"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-bf", "0", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "64k", str(path)),
    ]
    subprocess.run(command, check=True, timeout=60)
    return path


@pytest.fixture
def server(rtsp_server, live_clip):
    return rtsp_server(live_clip)


def frames_after(count, epoch=0):
    return lambda got: len([f for f in got.frames if f.epoch == epoch]) >= count


@pytest.fixture
async def watch(collect):
    """Collect in the background, so that the test can break things meanwhile."""
    running = []

    def watch(url, until, **settings):
        task = asyncio.create_task(collect(url, until, **settings))
        running.append(task)
        return task

    yield watch
    for task in running:
        task.cancel()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_frames_and_sound_come_over(collect, server, transport):
    got = await collect(server.url, frames_after(40), rtsp_transport=transport)
    assert got.frames[0].image.shape == (96, 160, 3)
    assert got.states("video")[:2] == ["waiting", "ok"]
    assert got.states("audio")[:2] == ["waiting", "ok"]
    assert all(0 < b.time_s - a.time_s < 0.1 for a, b in pairwise(got.frames))
    assert sum(len(s.samples) for s in got.sounds) / 16_000 > 1
    assert not got.gaps()


async def test_the_first_picture_needs_no_new_key_frame(rtsp_server, ffmpeg, collect):
    clip = ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=160x96:rate=25:duration=8",
        "-c:v",
        "libx264",
        "-g",
        250,
        "-keyint_min",
        250,
        "clip.mp4",
    )
    server = rtsp_server(clip)
    await asyncio.sleep(1)
    got = await collect(server.url, frames_after(10))
    assert got.epochs == [0]
    assert got.frames[0].time_s < 0.2


async def test_a_flash_and_a_beep_stay_together(collect, server):
    got = await collect(server.url, frames_after(110))
    light = [frame.image.mean() > 128 for frame in got.frames]
    flashes = [
        f.time_s for f, a, b in zip(got.frames[1:], light, light[1:], strict=False) if b and not a
    ]
    samples = np.concatenate([s.samples for s in got.sounds])
    loud = np.abs(samples) > 0.3
    quiet_before = np.array([not loud[max(i - 800, 0) : i].any() for i in range(len(loud))])
    starts = np.flatnonzero(loud & quiet_before)
    beeps = got.sounds[0].time_s + starts / 16_000
    apart = [min(abs(beeps - flash)) for flash in flashes[1:-1]]
    assert apart
    # the RTP clocks of the two are tied by reports that are true to a few milliseconds
    assert max(apart) < 0.03


async def test_the_capture_time_comes_with_the_reports_of_the_server(collect, server):
    def dated(got):
        return got.frames and got.frames[-1].captured_at is not None

    got = await collect(server.url, dated)
    age_s = time.time() - got.frames[-1].captured_at
    assert -0.1 < age_s < 2
    assert got.frames[0].captured_at is None


async def test_a_login_that_is_right_is_let_in(collect, rtsp_server, live_clip):
    server = rtsp_server(live_clip, user="viewer", password="s3cret")
    url = server.url.replace("rtsp://", "rtsp://viewer:s3cret@")
    got = await collect(url, frames_after(3))
    assert len(got.frames) == 3


@pytest.mark.parametrize("login", ["", "viewer:wr0ng@"])
async def test_a_login_that_is_refused_is_told_at_once(collect, rtsp_server, live_clip, login):
    server = rtsp_server(live_clip, user="viewer", password="s3cret")
    url = server.url.replace("rtsp://", f"rtsp://{login}")
    with pytest.raises(SourceUnreachableError, match="refuses the login") as caught:
        await collect(url, open_timeout_s=60, within_s=10)
    assert "wr0ng" not in str(caught.value)


async def test_a_path_that_is_not_there_is_told(collect, server):
    with pytest.raises(SourceUnreachableError, match="no such path"):
        await collect(f"{server.url}/nowhere", open_timeout_s=0.5)


async def test_a_server_that_is_not_there_is_told(collect, server):
    server.kill()
    with pytest.raises(SourceUnreachableError, match="nothing listens there"):
        await collect(server.url, open_timeout_s=0.5)
    server.start()


async def test_a_server_that_starts_a_moment_later_is_waited_for(watch, server):
    server.kill()
    task = watch(server.url, frames_after(3), open_timeout_s=8)
    await asyncio.sleep(1)
    server.start()
    got = await task
    assert got.epochs == [0]


async def test_a_server_that_is_killed_and_returns_is_reopened(watch, server):
    task = watch(server.url, frames_after(10, epoch=1))
    await asyncio.sleep(1.5)
    server.kill()
    await asyncio.sleep(1.5)
    server.start()
    got = await task
    assert got.epochs == [0, 1]
    assert got.states("video") == ["waiting", "ok", "reconnecting", "ok"]
    (gap,) = got.gaps()
    (silence,) = got.gaps("audio")
    assert gap.reason == silence.reason == "disconnected"
    assert gap.epoch == silence.epoch == 1
    assert 1.4 < gap.lost_s < 6
    assert gap.end_s - gap.start_s == pytest.approx(gap.lost_s, abs=0.2)
    assert all(a.time_s < b.time_s for a, b in pairwise(got.frames))
    assert [frame.index for frame in got.frames] == list(range(len(got.frames)))
    first = next(f for f in got.frames if f.epoch == 1)
    assert got.index(gap) < got.index(first)
    assert first.time_s == gap.end_s


async def test_a_server_that_freezes_is_reopened_when_it_thaws(watch, server):
    task = watch(server.url, frames_after(10, epoch=1), stall_s=1.0, open_timeout_s=2.0)
    await asyncio.sleep(1.5)
    server.freeze()
    await asyncio.sleep(4)
    server.thaw()
    got = await task
    assert [gap.reason for gap in got.gaps()] == ["stalled"]
    assert got.gaps()[0].lost_s == pytest.approx(4.2, abs=1.5)


async def test_a_short_freeze_breaks_no_connection(watch, server):
    task = watch(server.url, frames_after(80), stall_s=3.0)
    await asyncio.sleep(1)
    server.freeze()
    await asyncio.sleep(1)
    server.thaw()
    assert (await task).epochs == [0]


async def test_closing_on_a_frozen_server_takes_a_second(server):
    (spec,) = parse_sources([server.url])
    items = open_media(spec, SourceConfig(stall_s=30))
    async with aclosing(items):
        async for item in items:
            if isinstance(item, Frame):
                break
        server.freeze()

        async def rest():
            async for _ in items:
                pass

        task = asyncio.create_task(rest())
        await asyncio.sleep(0.5)
        task.cancel()
        async with asyncio.timeout(3):  # its read is blocked for 30 s
            await asyncio.gather(task, return_exceptions=True)
            await items.aclose()
    server.thaw()
    deadline = time.monotonic() + 10
    while any(t.name.endswith("decode") for t in threading.enumerate()):
        assert time.monotonic() < deadline, "the thread that was left behind never ended"
        await asyncio.sleep(0.1)


async def test_cancelling_during_an_outage_ends_at_once(watch, server):
    task = watch(server.url, lambda got: False)
    await asyncio.sleep(1)
    server.kill()
    await asyncio.sleep(1)
    task.cancel()
    async with asyncio.timeout(3):
        await asyncio.gather(task, return_exceptions=True)
    server.start()
