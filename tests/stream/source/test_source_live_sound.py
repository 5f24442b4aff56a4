"""Live sources by their sound: radio, a camera that is only heard, one whose picture stops."""

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from stream.errors import SourceFormatError
from stream.source import connection

pytestmark = pytest.mark.network

RATE_HZ = 16_000
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x96:rate=25")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000")
# FFmpeg would wait ten seconds for a picture before it lets the sound go.
ENCODED = (
    "-max_interleave_delta",
    200_000,
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-g",
    12,
    "-c:a",
    "aac",
)


@pytest.fixture
def send(serve):
    """Send what FFmpeg makes."""

    def send(*arguments):
        return serve("ffmpeg", "-loglevel", "quiet", *arguments)

    return send


def paced(*inputs):
    """Return inputs of FFmpeg, each read at the speed of life."""
    return [word for one in inputs for word in ("-re", *one)]


def udp(port):
    return ("-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316")


def heard_s(got):
    return sum(len(sound.samples) for sound in got.sounds) / RATE_HZ


def sound_for(seconds, epoch=0):
    return lambda got: (
        sum(len(s.samples) for s in got.sounds if s.epoch == epoch) > seconds * RATE_HZ
    )


def assert_every_break_is_a_gap(got):
    """Sound goes on where it ended, or a gap says from when to when there is none."""
    breaks = []
    for before, after in pairwise(got.sounds):
        end_s = before.time_s + len(before.samples) / RATE_HZ
        if abs(after.time_s - end_s) > 0.005 or before.epoch != after.epoch:
            breaks += [end_s, after.time_s]
    edges = [edge for gap in got.gaps("audio") for edge in (gap.start_s, gap.end_s)]
    assert edges == pytest.approx(breaks, abs=0.005)


async def test_radio_over_http_is_live_sound(collect, send, port):
    url = f"http://127.0.0.1:{port}/radio.mp3"
    send(*paced(TONE), "-f", "mp3", "-listen", 1, url)
    got = await collect(url, sound_for(2))
    assert got.states("video") == ["waiting", "absent"]
    assert got.states("audio") == ["waiting", "ok"]
    assert not got.gaps("audio")
    assert_every_break_is_a_gap(got)


async def test_a_transport_stream_of_sound_that_pauses_is_reopened(collect, send, port):
    sender = send(*paced(TONE), *udp(port))

    async def interrupt():
        await asyncio.sleep(2)
        sender.kill()
        await asyncio.sleep(2)
        send(*paced(TONE), *udp(port))

    meanwhile = asyncio.create_task(interrupt())
    got = await collect(f"udp://127.0.0.1:{port}", sound_for(1, epoch=1), stall_s=1.0)
    await meanwhile
    (gap,) = got.gaps("audio")
    assert gap.reason == "stalled"
    assert 1.5 < gap.lost_s < 6
    assert got.states("audio") == ["waiting", "ok", "reconnecting", "ok"]
    assert got.states("video") == ["waiting", "absent"]
    assert_every_break_is_a_gap(got)


async def test_of_a_camera_the_sound_alone_survives_a_server_that_is_killed(
    collect, rtsp_server, ffmpeg
):
    clip = ffmpeg(*PICTURE, *TONE, "-t", 4, *ENCODED, "clip.mp4")
    server = rtsp_server(clip)

    async def interrupt():
        await asyncio.sleep(2)
        server.kill()
        await asyncio.sleep(1)
        server.start()

    meanwhile = asyncio.create_task(interrupt())
    got = await collect(server.url, sound_for(1, epoch=1), pictures=False)
    await meanwhile
    assert not got.frames
    assert [gap.reason for gap in got.gaps("audio")] == ["disconnected"]
    assert got.states("audio") == ["waiting", "ok", "reconnecting", "ok"]
    assert_every_break_is_a_gap(got)


async def test_a_camera_without_sound_is_refused_at_once_where_sound_alone_is_wanted(
    collect, rtsp_server, ffmpeg
):
    clip = ffmpeg(*PICTURE, "-t", 2, *ENCODED, "clip.mp4")
    server = rtsp_server(clip, silent=True)
    with pytest.raises(SourceFormatError, match="sends no sound by itself: it has none") as caught:
        await collect(server.url, pictures=False, open_timeout_s=60, within_s=10)
    assert "\n" not in str(caught.value)


async def test_a_picture_that_stops_while_the_sound_goes_on_is_reopened(collect, send, port):
    sender = send(*paced((*PICTURE[:3], f"{PICTURE[3]}:duration=2"), TONE), *ENCODED, *udp(port))

    async def replace():
        await asyncio.sleep(6)
        sender.kill()
        send(*paced(PICTURE, TONE), *ENCODED, *udp(port))

    meanwhile = asyncio.create_task(replace())
    got = await collect(
        f"udp://127.0.0.1:{port}", lambda got: len(got.epochs) > 1, stall_s=1.5, within_s=30
    )
    await meanwhile
    (gap,) = got.gaps()
    assert gap.reason == got.gaps("audio")[0].reason == "stalled"
    assert got.states("video") == ["waiting", "ok", "reconnecting", "ok"]
    # heard until it was reopened, and what is heard while it waits for a picture is kept
    assert got.gaps("audio")[0].start_s > gap.start_s + 0.5
    assert next(s.time_s for s in got.sounds if s.epoch > 0) < gap.end_s - 1
    assert_every_break_is_a_gap(got)


@pytest.fixture
def write_playlist(send, folder):
    path, _ = folder

    def write():
        options = ["-hls_time", 0.5, "-hls_list_size", 6, "-hls_flags"]
        flags = "delete_segments+omit_endlist+temp_file"
        tone = paced(TONE)
        return send(*tone, "-c:a", "aac", "-f", "hls", *options, flags, path / "live.m3u8")

    return write


async def test_a_dead_playlist_of_sound_is_not_taken_for_news(
    collect, write_playlist, folder, monkeypatch
):
    path, url = folder
    monkeypatch.setattr("stream.source.transport.PLAYLIST_PATIENCE_S", 1.5)
    monkeypatch.setattr(connection, "FIRST_S", 1.5)
    monkeypatch.setattr("stream.source.feed.FIRST_S", 1.5)
    writer = write_playlist()
    while len(list(path.glob("*.ts"))) < 4:
        await asyncio.sleep(0.05)

    async def interrupt():
        await asyncio.sleep(2)
        writer.kill()
        await asyncio.sleep(5)
        write_playlist()

    meanwhile = asyncio.create_task(interrupt())
    got = await collect(f"{url}/live.m3u8", sound_for(0.5, epoch=1), stall_s=1.5, within_s=30)
    await meanwhile
    assert np.unique([sound.epoch for sound in got.sounds]).tolist() == [0, 1]
    # FFmpeg itself loses a packet within a playlist of sound; it is told, as every hole is
    (gap,) = [gap for gap in got.gaps("audio") if gap.epoch == 1 and gap.reason != "missing"]
    assert gap.lost_s > 2  # five less what was still held
    assert_every_break_is_a_gap(got)
