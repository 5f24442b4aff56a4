"""The other ways in: HTTP, RTMP, UDP, SRT, HLS, each from a real sender on loopback."""

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from itertools import pairwise

import psutil
import pytest

from stream.errors import SourceFormatError, SourceUnreachableError
from stream.source import connection
from stream.source.address import parse_sources
from stream.source.srt import srt_bridge

pytestmark = pytest.mark.network

WAIT_S = 0.05


@pytest.fixture(scope="module")
def clip(need_tool, tmp_path_factory):
    """Four seconds of H.264 and AAC, with a key frame every half second."""
    path = tmp_path_factory.mktemp("clip") / "clip.ts"
    command = [
        *(need_tool("ffmpeg"), "-hide_banner", "-loglevel", "error"),
        *("-f", "lavfi", "-i", "testsrc2=size=160x96:rate=25", "-f", "lavfi", "-i", "sine"),
        *("-t", "4", "-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-c:a", "aac"),
        str(path),
    ]
    subprocess.run(command, check=True, timeout=60)
    return path


@pytest.fixture
def send(serve, clip):
    """Send the clip for ever, at its own pace."""

    def send(*output, clip=clip):
        loop = ["-re", "-stream_loop", "-1", "-i", clip, "-c", "copy"]
        return serve("ffmpeg", "-loglevel", "quiet", *loop, *output)

    return send


def enough(got):
    return len(got.frames) >= 30 and len(got.sounds) >= 30


def assert_watchable(got):
    assert got.frames[0].image.shape == (96, 160, 3)
    assert got.epochs == [0]
    assert all(0 < b.time_s - a.time_s < 0.1 for a, b in pairwise(got.frames))
    assert abs(got.frames[-1].time_s - got.sounds[-1].time_s) < 0.7


async def test_a_transport_stream_over_http(collect, send, port):
    url = f"http://127.0.0.1:{port}/live.ts"
    send("-f", "mpegts", "-listen", 1, url)
    assert_watchable(await collect(url, enough))


async def test_rtmp(collect, send, port):
    url = f"rtmp://127.0.0.1:{port}/live/x"
    send("-bsf:a", "aac_adtstoasc", "-f", "flv", "-listen", 1, url)
    assert_watchable(await collect(url, enough))


async def test_a_transport_stream_over_udp(collect, send, port):
    send("-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316")
    assert_watchable(await collect(f"udp://127.0.0.1:{port}", enough))


async def test_srt_by_its_bridge_which_ends_with_it(collect, send, port, need_tool):
    need_tool("srt-live-transmit")
    send("-f", "mpegts", f"srt://127.0.0.1:{port}?mode=listener")
    got = await collect(f"srt://127.0.0.1:{port}", enough)
    assert_watchable(got)
    children = [child.name() for child in psutil.Process().children()]
    assert not [name for name in children if name.startswith("srt")]


def test_the_bridge_dies_with_the_thread_that_holds_it(need_tool, port):
    need_tool("srt-live-transmit")
    (spec,) = parse_sources([f"srt://127.0.0.1:{port}"])
    held = []

    def hold():
        bridge, before = srt_bridge(spec), set(psutil.Process().children())
        bridge.__enter__()
        (child,) = set(psutil.Process().children()) - before
        held.append((bridge, child))

    thread = threading.Thread(target=hold)  # it ends without a chance to clean up
    thread.start()
    thread.join()
    _, child = held[0]
    assert child.wait(timeout=5) is not None or not child.is_running()


async def test_srt_without_its_program_says_how_to_get_it(collect, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(SourceUnreachableError, match="apt install srt-tools"):
        await collect("srt://127.0.0.1:9", open_timeout_s=60, within_s=5)


async def test_silence_on_a_port_is_told(collect, port):
    with pytest.raises(SourceUnreachableError, match="no answer within"):
        await collect(f"udp://127.0.0.1:{port}", open_timeout_s=0.5)


async def test_a_host_that_is_not_there_is_told(collect):
    with pytest.raises(SourceUnreachableError, match=r"nohost\.invalid"):
        await collect("rtmp://nohost.invalid/live/x", open_timeout_s=0.5)


async def test_udp_that_pauses_is_reopened(collect, send, port):
    url = f"udp://127.0.0.1:{port}"
    sender = send("-f", "mpegts", f"{url}?pkt_size=1316")

    async def interrupt():
        await asyncio.sleep(2)
        sender.kill()
        await asyncio.sleep(2)
        send("-f", "mpegts", f"{url}?pkt_size=1316")

    meanwhile = asyncio.create_task(interrupt())
    got = await collect(url, lambda got: len(got.epochs) > 1, stall_s=1.0)
    await meanwhile
    assert [gap.reason for gap in got.gaps()] == ["stalled"]


async def test_corrupt_datagrams_cost_pictures_and_not_the_stream(collect, serve, clip, port):
    graph = ["-bsf:v", "noise=amount=2000:drop='lt(random(0),0.05)'"]
    serve(
        "ffmpeg",
        "-loglevel",
        "quiet",
        "-re",
        "-stream_loop",
        "-1",
        "-i",
        clip,
        "-c",
        "copy",
        *graph,
        "-f",
        "mpegts",
        f"udp://127.0.0.1:{port}?pkt_size=1316",
    )
    got = await collect(f"udp://127.0.0.1:{port}", lambda got: len(got.frames) > 40)
    assert got.epochs == [0]


@pytest.fixture
def write_playlist(send, folder):
    path, _ = folder

    def write():
        options = ["-hls_time", 0.5, "-hls_list_size", 6, "-hls_flags"]
        flags = "delete_segments+program_date_time+omit_endlist+temp_file"
        return send("-f", "hls", *options, flags, path / "live.m3u8")

    return write


def wait_for(condition, *, within_s=10):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(WAIT_S)


async def test_a_live_playlist_comes_at_the_speed_of_life(collect, write_playlist, folder):
    path, url = folder
    write_playlist()
    wait_for(lambda: len(list(path.glob("*.ts"))) >= 4)
    got = await collect(f"{url}/live.m3u8", lambda got: len(got.frames) >= 50)
    assert_watchable(got)
    took_s = got.frames[-1].arrived_s - got.frames[0].arrived_s
    assert took_s >= got.frames[-1].time_s - got.frames[0].time_s - 0.05


async def test_a_live_playlist_tells_when_it_was_captured(collect, write_playlist, folder):
    path, url = folder
    write_playlist()
    wait_for(lambda: len(list(path.glob("*.ts"))) >= 4)
    got = await collect(f"{url}/live.m3u8", lambda got: len(got.frames) >= 3)
    captured = got.frames[0].captured_at
    # a playlist that moved on just while it was opened leaves the time unknown
    assert captured is None or 0 < time.time() - captured < 10


async def test_a_dead_playlist_is_not_taken_for_news(collect, write_playlist, folder, monkeypatch):
    path, url = folder
    monkeypatch.setattr("stream.source.transport.PLAYLIST_PATIENCE_S", 1.5)
    monkeypatch.setattr(connection, "FIRST_S", 1.5)
    monkeypatch.setattr("stream.source.feed.FIRST_S", 1.5)
    writer = write_playlist()
    wait_for(lambda: len(list(path.glob("*.ts"))) >= 4)

    async def interrupt():
        await asyncio.sleep(2)
        writer.kill()
        await asyncio.sleep(5)
        write_playlist()

    meanwhile = asyncio.create_task(interrupt())
    got = await collect(
        f"{url}/live.m3u8", lambda got: len(got.epochs) > 1, stall_s=1.5, within_s=30
    )
    await meanwhile
    assert got.epochs == [0, 1]
    assert got.gaps()[0].lost_s > 2  # five less what was still held


async def test_a_finished_playlist_is_a_film(collect, ffmpeg, clip, folder):
    path, url = folder
    ffmpeg(
        "-i",
        clip,
        "-c",
        "copy",
        "-f",
        "hls",
        "-hls_time",
        1,
        "-hls_list_size",
        0,
        path / "film.m3u8",
    )
    got = await collect(f"{url}/film.m3u8")
    assert len(got.frames) == 100
    assert got.states()[-1] == "ended"


async def test_a_film_over_http_is_a_file(collect, ffmpeg, clip, folder):
    path, url = folder
    ffmpeg(
        "-i",
        clip,
        "-c",
        "copy",
        "-bsf:a",
        "aac_adtstoasc",
        "-movflags",
        "faststart",
        path / "film.mp4",
    )
    got = await collect(f"{url}/film.mp4")
    assert len(got.frames) == 100
    assert got.states()[-1] == "ended"


async def test_a_film_without_a_suffix_is_known_by_its_length(collect, ffmpeg, clip, folder):
    path, url = folder
    film = ffmpeg("-i", clip, "-c", "copy", path / "film.mkv")
    film.rename(path / "42")
    got = await collect(f"{url}/42")
    assert len(got.frames) == 100
    assert got.states()[-1] == "ended"


async def test_a_film_that_its_server_cannot_seek_in_says_so(collect, ffmpeg, clip, folder):
    path, url = folder
    ffmpeg("-i", clip, "-c", "copy", "-bsf:a", "aac_adtstoasc", path / "film.mp4")
    with pytest.raises(SourceFormatError, match="faststart"):
        await collect(f"{url}/film.mp4")


async def test_a_film_that_is_not_on_the_server_is_unreachable(collect, folder):
    _, url = folder
    with pytest.raises(SourceUnreachableError, match="no such path"):
        await collect(f"{url}/nowhere.mp4")


@pytest.fixture
def mute():
    """The port of a server that takes calls and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_a_server_that_never_answers_is_told(collect, mute):
    with pytest.raises(SourceUnreachableError, match="no answer within"):
        await collect(f"rtsp://127.0.0.1:{mute}/live", open_timeout_s=0.5)


async def test_cancelling_an_opening_that_hangs_takes_a_second(collect, mute):
    task = asyncio.create_task(collect(f"rtsp://127.0.0.1:{mute}/live", open_timeout_s=30))
    await asyncio.sleep(0.5)
    task.cancel()
    async with asyncio.timeout(3):
        await asyncio.gather(task, return_exceptions=True)


def test_a_program_that_is_interrupted_does_not_wait_for_an_opening_that_hangs(mute):
    program = f"""
import asyncio
from stream.config import SourceConfig
from stream.source.address import parse_sources
from stream.source.media import media

async def main():
    (spec,) = parse_sources(["rtsp://127.0.0.1:{mute}/live"])
    async for item in media(spec, SourceConfig(open_timeout_s=60)):
        print(item.state, flush=True)

asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        process.stdout.readline()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=5)  # the opening would take 60 s


async def test_a_pattern_without_end_goes_on_at_its_own_pace(collect):
    url = "lavfi:testsrc=size=64x48:rate=50"
    got = await collect(url, lambda got: len(got.frames) >= 20, pace="auto")
    for frame in got.frames:
        assert frame.arrived_s - got.frames[0].arrived_s >= frame.time_s - 0.001
