"""How true the clock is: a flash and a beep of one moment, built apart by a known amount.

    .venv/bin/python benchmarks/av_clock.py [--minutes 10] [--live-s 60]

A film is generated with a flash and a 1 kHz beep every two seconds; its sound is shifted by a known
amount, and was taken with a clock that runs fast. What that does to the stamps depends on who makes
them: an encoder that counts its samples (``count``) stamps the sound later and later, so the offset
grows, and that is what must be measured; one that looks at a true clock (``clock``) stamps it
right, and its packets hold more than their stamps say: nothing must drift then, though samples are
counted here. The film is read as a file and live (UDP, RTSP); measured is where the pipeline says
that flash and beep are: ``Frame.time_s``, and ``Sound.time_s`` plus the number of the sample.

Live streams are as long as one has patience for, so their clock runs fast in proportion: at their
end the offset is the same.

Exit code 1 if an event is farther than 40 ms from where it was built.
"""

import argparse
import asyncio
import json
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy import ndarray

from engines.spec.frame import SOUND_RATE_HZ, Frame, Sound
from stream.config import SourceConfig
from stream.source.address import parse_sources
from stream.source.media import media

ROOT = Path(__file__).parents[1]
SYSTEM_PYTHON = "/usr/bin/python3"

HEIGHT_PX, WIDTH_PX, FPS = 48, 80, 25
BITS = 10  # of the number of an event, in the lower half of its flash
RATE_HZ, PACKET = 48_000, 1024  # AAC
EVERY_S, LENGTH_S = 2.0, 0.12
LOUD, QUIET_S = 0.2, 0.05
AT_EDGE = 3  # events that begin or end a stream
TOLERANCE_S = 0.04
SHIFTS_S = (0.0, 0.18, -0.25)
REGRESSION = 1
LIVE_REST_S = 20.0  # a film is so much longer than it is watched: it is not to begin anew
AT_ONCE = 6  # live sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A film in which everything is known.

    Attributes:
        length_s: Of its picture.
        shift_s: The sound is stamped so much later than it happened.
        fast: How much too fast the clock ran that took the sound: 1e-4 for 100 ppm.
        stamped: By a count of its samples, or by a true clock.
    """

    length_s: float
    shift_s: float = 0.0
    fast: float = 0.0
    stamped: Literal["count", "clock"] = "count"

    @property
    def events_s(self) -> ndarray:
        """When it flashes and beeps."""
        return np.arange(1.0, self.length_s - 1.0, EVERY_S)

    def offset_s(self, at_s: float) -> float:
        """Return how much later than its flash a beep is stamped."""
        return self.shift_s + (self.fast * at_s if self.stamped == "count" else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was seen and heard of a film.

    Attributes:
        flashes_s: When each event was seen, by its number.
        beeps_s: When something was heard.
        from_s, to_s: The sound that came.
        resets: How often the sound did not go on where its samples ended.
    """

    flashes_s: dict[int, float]
    beeps_s: ndarray
    from_s: float
    to_s: float
    resets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offsets:
    """How much later than its flash a beep came; seconds.

    Attributes:
        events: How many were seen and heard.
        missed: How many were seen and should have been heard, and were not.
        built_start_s, built_end_s: What was built in, at the first events and at the last.
        start_s, end_s: What was measured there.
        worst_s: The largest difference of the two, over all events.
    """

    events: int
    missed: int
    built_start_s: float
    built_end_s: float
    start_s: float
    end_s: float
    worst_s: float


def write(built: Built, path: Path, *, shift_in: Literal["stamps", "content"] = "stamps") -> Path:
    """Write a film as a transport stream of H.264 and AAC.

    Args:
        built: What is in it.
        path: Where, ending in .ts.
        shift_in: Stamps: the sound begins earlier or later than the picture. Content: both begin
            together, for a reader that takes the beginning of a file for the same moment.
    """
    with av.open(str(path), "w", format="mpegts") as container:
        video = container.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        video.thread_count, video.gop_size = 1, FPS // 2
        video.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20"}
        audio = container.add_stream("aac", rate=RATE_HZ, layout="mono", bit_rate=48_000)
        sounds = _sound_packets(built, audio, in_content=shift_in == "content")
        sound = next(sounds)
        for index, picture in enumerate(_pictures(built)):
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = index + FPS, Fraction(1, FPS)  # nothing before 0
            while sound is not None and sound.pts * sound.time_base < frame.pts / FPS:
                container.mux(sound)
                sound = next(sounds, None)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path


def _pictures(built: Built) -> Iterator[ndarray]:
    """Yield grey pictures, dark but for the flashes, which show the number of their event."""
    dark = np.full((HEIGHT_PX, WIDTH_PX), 16, np.uint8)
    lights = {}
    for number, at_s in enumerate(built.events_s):
        light = np.full_like(dark, 235)
        bits = [235 if number >> bit & 1 else 16 for bit in range(BITS)]
        light[HEIGHT_PX // 2 :] = np.repeat(bits, WIDTH_PX // BITS)
        first = round(at_s * FPS)
        lights |= dict.fromkeys(range(first, first + round(LENGTH_S * FPS)), light)
    for index in range(round(built.length_s * FPS)):
        yield lights.get(index, dark)


def _sound_packets(built: Built, audio: av.AudioStream, *, in_content: bool) -> Iterator[av.Packet]:
    """Yield the encoded sound, stamped in 1/48000 s with the picture's second of lead."""
    late_s = built.shift_s if in_content else 0.0
    lead = RATE_HZ + (0 if in_content else round(built.shift_s * RATE_HZ))
    # The encoder puts one packet of its own first; left out here, both begin at the same stamp.
    samples = _samples(built, late_s)[PACKET:]
    squeeze = 1 + built.fast if built.stamped == "clock" else 1.0
    for at in [*range(0, len(samples), PACKET), None]:
        frame = None
        if at is not None:
            part = samples[at : at + PACKET].reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, at, Fraction(1, RATE_HZ)
        for packet in audio.encode(frame):
            count = packet.pts + PACKET
            packet.pts = packet.dts = lead + round(count / squeeze)
            yield packet


def _samples(built: Built, late_s: float) -> ndarray:
    """Return the sound as the fast clock took it: more samples than seconds times the rate."""
    rate_hz = RATE_HZ * (1 + built.fast)
    samples = np.zeros(round(built.length_s * rate_hz), np.float32)
    for at_s in built.events_s + late_s:
        first = int(np.ceil(at_s * rate_hz))
        time_s = np.arange(first, first + round(LENGTH_S * rate_hz)) / rate_hz - at_s
        samples[first : first + len(time_s)] = 0.6 * np.sin(2 * np.pi * 1000 * time_s)
    return samples


async def watch(address: str, *, for_s: float | None = None) -> Heard:
    """Watch a film through the pipeline's own source, to its end or for some media time."""
    (spec,) = parse_sources([address])
    flashes: dict[int, float] = {}
    loud: list[ndarray] = []
    ends_s: list[tuple[float, float]] = []
    was_light = True  # one that began before us has no beginning
    async with aclosing(media(spec, SourceConfig(pace="fast"))) as items:
        async for item in items:
            if isinstance(item, Frame):
                grey = item.image[..., 1]
                is_light = grey[: HEIGHT_PX // 2].mean() > 128
                if is_light and not was_light:
                    flashes[_number(grey)] = item.time_s
                was_light = is_light
                if for_s is not None and item.time_s > for_s:
                    break
            elif isinstance(item, Sound):
                loud.append(item.time_s + np.flatnonzero(abs(item.samples) > LOUD) / SOUND_RATE_HZ)
                ends_s.append((item.time_s, item.time_s + len(item.samples) / SOUND_RATE_HZ))
    times_s = np.concatenate([[-np.inf], *loud])
    return Heard(
        flashes_s=flashes,
        beeps_s=times_s[1:][np.diff(times_s) > QUIET_S],
        from_s=ends_s[0][0],
        to_s=ends_s[-1][1],
        resets=sum(abs(b[0] - a[1]) > 1e-4 for a, b in pairwise(ends_s)),
    )


def _number(grey: ndarray) -> int:
    blocks = grey[HEIGHT_PX // 2 + 4 :].mean(axis=0).reshape(BITS, -1).mean(axis=1)
    return sum(1 << bit for bit, light in enumerate(blocks) if light > 128)


def offsets(heard: Heard, built: Built) -> Offsets:
    """Compare what was seen and heard with what was built."""
    pairs, missed = [], 0
    for number, flash_s in heard.flashes_s.items():
        expected_s = built.offset_s(float(built.events_s[number]))
        if not heard.from_s + LENGTH_S < flash_s + expected_s < heard.to_s - LENGTH_S:
            continue  # before the sound that we have, or after it
        late_s = heard.beeps_s - flash_s
        nearest_s = late_s[np.argmin(abs(late_s - expected_s))] if len(late_s) else np.inf
        if abs(nearest_s - expected_s) > EVERY_S / 4:
            missed += 1
        else:
            pairs.append((expected_s, nearest_s))
    built_s, measured_s = np.array(pairs).T
    return Offsets(
        events=len(pairs),
        missed=missed,
        built_start_s=float(built_s[:AT_EDGE].mean()),
        built_end_s=float(built_s[-AT_EDGE:].mean()),
        start_s=float(measured_s[:AT_EDGE].mean()),
        end_s=float(measured_s[-AT_EDGE:].mean()),
        worst_s=float(abs(measured_s - built_s).max()),
    )


def remuxed(film: Path, name: str) -> Path:
    """Put a film into another container, encoded as it is."""
    path = film.with_name(name)
    subprocess.run([*_ffmpeg("-i", film, "-c", "copy"), "-y", str(path)], check=True)
    return path


@contextmanager
def sent_by_udp(film: Path) -> Iterator[str]:
    """Send a film at its own pace and yield the address."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"udp://127.0.0.1:{probe.getsockname()[1]}"
    command = _ffmpeg("-re", "-i", film, "-c", "copy", "-f", "mpegts", f"{address}?pkt_size=1316")
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as sender:
        try:
            yield address
        finally:
            sender.kill()


@contextmanager
def served_by_rtsp(film: Path) -> Iterator[str]:
    """Serve a film live and yield the address."""
    script = ROOT / "tests/servers/rtsp_server.py"
    command = [SYSTEM_PYTHON, str(script), f"--file={film}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def _ffmpeg(*arguments: object) -> list[str]:
    return ["ffmpeg", "-hide_banner", "-loglevel", "error", *map(str, arguments)]


def _builds(length_s: float, fast: float) -> list[Built]:
    """Return each shift with a true clock, and with a fast one stamped either way."""
    clocks = [(0.0, "count"), (fast, "count"), (fast, "clock")]
    return [
        Built(length_s=length_s, shift_s=shift_s, fast=rate, stamped=stamped)
        for shift_s in SHIFTS_S
        for rate, stamped in clocks
    ]


async def _files(folder: Path, length_s: float, fast: float) -> list[dict]:
    rows = []
    for built in _builds(length_s, fast):
        film = write(built, folder / "film.ts")
        for path in (film, remuxed(film, "film.mp4"), remuxed(film, "film.mkv")):
            heard = await watch(str(path))
            rows.append(_row(f"file {path.suffix}", built, heard))
    return rows


def _live_film(kind: str, built: Built, path: Path) -> Path:
    if kind == "udp":
        return write(built, path)
    return remuxed(write(built, path, shift_in="content"), f"{path.stem}.mp4")


async def _live(folder: Path, for_s: float, fast: float) -> list[dict]:
    async def one(kind: str, built: Built, film: Path) -> dict:
        opened = sent_by_udp(film) if kind == "udp" else served_by_rtsp(film)
        with opened as address:
            return _row(f"live {kind}", built, await watch(address, for_s=for_s))

    builds = _builds(for_s + LIVE_REST_S, fast)
    # All films first: making one would hold up those that are watched.
    films = [
        (kind, built, _live_film(kind, built, folder / f"{kind}{number}.ts"))
        for kind in ("udp", "rtsp")
        for number, built in enumerate(builds)
    ]
    rows: list[dict] = []
    for at in range(0, len(films), AT_ONCE):
        rows += await asyncio.gather(*(one(*film) for film in films[at : at + AT_ONCE]))
    return rows


def _row(source: str, built: Built, heard: Heard) -> dict:
    found = offsets(heard, built)
    row = {"source": source, **asdict(built), **asdict(found), "resets": heard.resets}
    print(
        f"{source:<10} {1000 * built.shift_s:+5.0f} ms {1e6 * built.fast:5.0f} ppm by "
        f"{built.stamped}: {found.events:4d} events, {found.missed} missed; "
        f"start {1000 * found.built_start_s:+7.1f} -> {1000 * found.start_s:+7.1f} ms, "
        f"end {1000 * found.built_end_s:+7.1f} -> {1000 * found.end_s:+7.1f} ms; "
        f"worst {1000 * found.worst_s:4.1f} ms; {heard.resets} resets",
        flush=True,
    )
    return row


def main() -> int:
    """Measure everything, print it and judge it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="of a file; 0: no files")
    parser.add_argument("--ppm", type=float, default=100.0, help="in a file")
    parser.add_argument("--live-ppm", type=float, default=1000.0, help="in a live stream")
    parser.add_argument("--live-s", type=float, default=60.0, help="0: no live sources")
    parser.add_argument("--json", type=Path, help="write the rows there, too")
    arguments = parser.parse_args()
    rows: list[dict] = []
    print("what was built in -> what was measured")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.minutes:
            rows += asyncio.run(_files(folder, 60 * arguments.minutes, arguments.ppm / 1e6))
        if arguments.live_s:
            rows += asyncio.run(_live(folder, arguments.live_s, arguments.live_ppm / 1e6))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    worst_s = max(row["worst_s"] for row in rows)
    missed = sum(row["missed"] for row in rows)
    ok = worst_s <= TOLERANCE_S and not missed
    print(f"worst {1000 * worst_s:.1f} ms of {1000 * TOLERANCE_S:.0f}, {missed} events missed")
    print("within the target" if ok else "MISSES the target")
    return 0 if ok else REGRESSION


if __name__ == "__main__":
    raise SystemExit(main())
