"""Clips made to order, and what a source yields of them."""

import asyncio
import http.server
import itertools
import socket
import subprocess
import threading
from contextlib import aclosing
from fractions import Fraction

import av
import numpy as np
import pytest

from engines.spec.frame import Frame, Gap, Sound
from stream.config import SourceConfig
from stream.source.address import parse_sources
from stream.source.media import media
from stream.source.spec import SourceState


class Got(list):
    """The items of a source, by kind."""

    @property
    def frames(self):
        return [item for item in self if isinstance(item, Frame)]

    @property
    def sounds(self):
        return [item for item in self if isinstance(item, Sound)]

    def gaps(self, medium="video"):
        return [item for item in self if isinstance(item, Gap) and item.medium == medium]

    def states(self, role="video"):
        return [s.state for s in self if isinstance(s, SourceState) and s.role == role]

    @property
    def epochs(self):
        return [epoch for epoch, _ in itertools.groupby(frame.epoch for frame in self.frames)]


@pytest.fixture
def collect():
    """Read a source to its end, or until the condition holds of what came so far."""

    async def collect(url, until=None, *, within_s=20.0, pictures=True, **settings):
        (spec,) = parse_sources([str(url)])
        config = SourceConfig(**{"pace": "fast", "open_timeout_s": 3.0, **settings})
        got = Got()
        items = media(spec, config, pictures=pictures)
        async with asyncio.timeout(within_s), aclosing(items):
            async for item in items:
                got.append(item)
                if until is not None and until(got):
                    break
        return got

    return collect


@pytest.fixture
def ffmpeg(need_tool, tmp_path):
    """Run Debian's ffmpeg in the test's folder and return the path of its last argument."""
    program = need_tool("ffmpeg")

    def run(*arguments):
        command = [program, "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)]
        subprocess.run(command, check=True, cwd=tmp_path, timeout=60)
        return tmp_path / str(arguments[-1])

    return run


@pytest.fixture
def serve(need_tool):
    """Start a program that serves, and end it with the test."""
    started = []

    def serve(name, *arguments, **options):
        command = [need_tool(name), *map(str, arguments)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **options,
        )
        started.append(process)
        return process

    yield serve
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def port():
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", tcp.getsockname()[1]))
        return tcp.getsockname()[1]


@pytest.fixture
def folder(tmp_path):
    """A folder served over HTTP; return its path and its address."""
    path = tmp_path / "hls"
    path.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, directory=path, **options)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


RATE = 48_000


@pytest.fixture
def write_film(tmp_path):
    """Write a film of given pictures (UInt8[H W 3] each) and given sound (float, 48 kHz mono)."""

    def write(
        pictures,
        samples=None,
        *,
        name="film.mp4",
        fps=25,
        codec="libx264",
        pix_fmt="yuv420p",
        options=None,
        times=None,
        set_up=lambda stream: None,
    ):
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            video = container.add_stream(codec, rate=fps)
            video.pix_fmt = pix_fmt
            video.thread_count = 1
            video.options = options or {"preset": "ultrafast", "crf": "10", "g": "12"}
            video.height, video.width = pictures[0].shape[:2]
            set_up(video)
            audio = None
            if samples is not None:
                audio = container.add_stream("aac", rate=RATE, layout="mono")
            for index, picture in enumerate(pictures):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame = frame.reformat(format=pix_fmt, dst_colorspace="ITU601")
                frame.pts = index if times is None else times[index]
                frame.time_base = Fraction(1, fps)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
            if audio is not None:
                for at in range(0, len(samples), 1024):
                    part = samples[at : at + 1024].astype(np.float32).reshape(1, -1)
                    sound = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
                    sound.sample_rate, sound.pts = RATE, at
                    sound.time_base = Fraction(1, RATE)
                    container.mux(audio.encode(sound))
                container.mux(audio.encode(None))
        return path

    return write


@pytest.fixture
def flat():
    """Return a picture of one colour."""

    def flat(colour=(128, 128, 128), height=96, width=160):
        return np.full((height, width, 3), colour, np.uint8)

    return flat


@pytest.fixture
def corners():
    """A picture that shows how it is turned: red top left, green top right, blue bottom left."""
    picture = np.full((96, 160, 3), 40, np.uint8)
    picture[:48, :80] = (220, 30, 30)
    picture[:48, 80:] = (30, 220, 30)
    picture[48:, :80] = (30, 30, 220)
    return picture
