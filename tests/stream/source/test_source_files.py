import asyncio
import threading
from contextlib import aclosing
from itertools import pairwise

import numpy as np
import pytest

from engines.spec.frame import Frame
from stream.config import SourceConfig
from stream.errors import SourceFormatError, SourceUnreachableError
from stream.source.address import parse_sources
from stream.source.media import media as open_media
from stream.source.spec import SourceSpec

RATE_HZ = 48_000


@pytest.fixture
def talk(write_film, flat):
    """Two seconds: a grey picture that gets lighter, and a tone."""
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE_HZ) / RATE_HZ)
    return write_film([flat([60 + i] * 3) for i in range(50)], tone, name="talk.mp4")


async def test_a_film_gives_every_picture_in_order(collect, talk):
    got = await collect(talk)
    assert [frame.index for frame in got.frames] == list(range(50))
    assert [frame.time_s for frame in got.frames] == pytest.approx([i / 25 for i in range(50)])
    assert {frame.source for frame in got.frames} == {"talk"}
    assert {frame.epoch for frame in got.frames} == {0}
    assert {frame.captured_at for frame in got.frames} == {None}


async def test_all_sound_comes_and_no_gap(collect, talk):
    got = await collect(talk)
    assert sum(len(s.samples) for s in got.sounds) / 16_000 == pytest.approx(2.0, abs=0.05)
    ends = [s.time_s + len(s.samples) / 16_000 for s in got.sounds]
    assert [s.time_s for s in got.sounds[1:]] == pytest.approx(ends[:-1], abs=1e-6)
    assert not got.gaps() + got.gaps("audio")


async def test_arrival_is_on_the_monotonic_clock_and_grows(collect, talk):
    arrived = [frame.arrived_s for frame in (await collect(talk)).frames]
    assert arrived == sorted(arrived)


async def test_states_tell_how_it_goes(collect, talk):
    got = await collect(talk)
    assert got.states("video") == ["waiting", "ok", "ended"]
    assert got.states("audio") == ["waiting", "ok", "ended"]


async def test_sound_that_is_not_wanted_is_absent(collect, talk):
    got = await collect(talk, sound=False)
    assert got.states("audio") == ["waiting", "absent"]
    assert not got.sounds


async def test_a_silent_film_says_so(collect, write_film, flat):
    got = await collect(write_film([flat()] * 5))
    assert got.states("audio") == ["waiting", "absent"]


async def test_a_flash_and_a_beep_of_one_moment_have_one_time(collect, write_film, flat):
    at_s = 1.0
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    beep = np.where((time_s >= at_s) & (time_s < at_s + 0.2), 0.8, 0.0)
    beep = beep * np.sin(2 * np.pi * 1000 * (time_s - at_s))
    dark, light = flat((16, 16, 16)), flat((240, 240, 240))
    pictures = [light if at_s <= i / 25 < at_s + 0.2 else dark for i in range(50)]
    for name in ("film.mp4", "film.mkv", "film.ts"):
        got = await collect(write_film(pictures, beep, name=name))
        flash_s = next(f.time_s for f in got.frames if f.image.mean() > 128)
        samples = np.concatenate([s.samples for s in got.sounds])
        start_s = got.sounds[0].time_s
        beep_s = start_s + np.flatnonzero(np.abs(samples) > 0.4)[0] / 16_000
        # mkv rounds its timestamps to a millisecond; a tone takes a few samples to get loud
        assert beep_s - flash_s == pytest.approx(0, abs=0.0015), name


async def test_a_picture_is_one_frame_and_the_end(collect, ffmpeg):
    path = ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48", "-frames:v", 1, "still.png")
    got = await collect(path)
    assert len(got.frames) == 1
    assert got.states() == ["waiting", "ok", "ended"]


async def test_a_pattern_with_a_duration_ends(collect):
    got = await collect("lavfi:testsrc=size=64x48:rate=10:duration=1")
    assert len(got.frames) == 10
    assert got.states()[-1] == "ended"


async def test_a_pattern_can_have_sound(collect):
    graph = "testsrc=size=64x48:rate=10:duration=1[out0];sine=frequency=440:duration=1[out1]"
    got = await collect(f"lavfi:{graph}")
    assert len(got.frames) == 10
    assert sum(len(s.samples) for s in got.sounds) == pytest.approx(16_000, abs=200)


async def test_realtime_lets_pictures_go_by_their_time(collect, write_film, flat):
    got = await collect(write_film([flat()] * 20), pace="realtime")
    start = got.frames[0].arrived_s
    for frame in got.frames:
        assert frame.arrived_s - start >= frame.time_s - 0.001


async def test_badly_interleaved_sound_comes_with_its_pictures(collect, ffmpeg, talk):
    # half a second of one, then half a second of the other
    path = ffmpeg(
        "-i",
        talk,
        "-c",
        "copy",
        "-frag_duration",
        500_000,
        "-movflags",
        "+frag_keyframe+default_base_moof",
        "-max_interleave_delta",
        0,
        "chunks.mp4",
    )
    got = await collect(path)
    newest = {"Frame": 0.0, "Sound": 0.0}
    for item in got:
        if type(item).__name__ in newest:
            newest[type(item).__name__] = item.time_s
            assert abs(newest["Frame"] - newest["Sound"]) < 0.3


async def test_a_pause_in_a_film_is_a_gap(collect, write_film, flat):
    times = [*range(10), *range(85, 95)]
    got = await collect(write_film([flat()] * 20, times=times, name="film.ts"))
    (gap,) = got.gaps()
    assert gap.reason == "missing"
    assert gap.start_s == pytest.approx(0.4, abs=0.05)
    assert gap.end_s == pytest.approx(3.4)
    assert gap.lost_s == pytest.approx(3.0, abs=0.05)
    assert got.epochs == [0]


async def test_a_jump_of_the_timestamps_begins_an_epoch(collect, ffmpeg):
    source = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=64x48:rate=25:duration=1",
        "-f",
        "lavfi",
        "-i",
        "sine=duration=1",
    ]
    parts = [
        ffmpeg(*source, "-output_ts_offset", offset, "-f", "mpegts", f"{offset}.ts")
        for offset in (500, 20, 3000)
    ]
    both = parts[0].with_name("joined.ts")
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    got = await collect(both)
    assert got.epochs == [0, 1, 2]
    assert [gap.reason for gap in got.gaps()] == ["timestamp_jump"] * 2
    assert [gap.epoch for gap in got.gaps()] == [1, 2]
    assert {gap.reason for gap in got.gaps("audio")} == {"timestamp_jump"}
    assert all(a.time_s < b.time_s for a, b in pairwise(got.frames))
    assert got.frames[-1].time_s < 4


async def test_corrupt_packets_cost_pictures_and_not_the_stream(collect, ffmpeg):
    path = ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x240:rate=25:duration=6",
        "-c:v",
        "libx264",
        "-g",
        12,
        "-preset",
        "ultrafast",
        "film.ts",
    )
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(7)
    middle = slice(len(data) // 3 // 188 * 188, 2 * len(data) // 3 // 188 * 188)
    for at in range(middle.start, middle.stop, 188):
        if rng.random() < 0.5:
            data[at + 4 : at + 188] = rng.bytes(184)
    path.write_bytes(data)
    got = await collect(path)
    assert got.states()[-1] == "ended"
    assert got.frames[-1].time_s > 5.5
    assert 40 < len(got.frames) < 150
    assert next(s.detail for s in got if getattr(s, "state", 0) == "ended").startswith("damaged")
    assert all(gap.reason == "corrupt" for gap in got.gaps())


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
async def test_of_a_truncated_film_comes_what_is_there_and_a_gap(collect, ffmpeg, name):
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=4", "-c:v", "libx264"]
    path = ffmpeg(*source, *(["-movflags", "+faststart"] if "mp4" in name else []), name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    got = await collect(path)
    (gap,) = got.gaps()
    assert gap.reason == "corrupt"
    assert gap.end_s == pytest.approx(4.0, abs=0.1)
    assert gap.lost_s == pytest.approx(4.0 - len(got.frames) / 25, abs=0.2)
    assert got.states()[-1] == "ended"
    assert "cut off" in got[-1].detail


async def fails(collect, path, error, *words):
    with pytest.raises(error) as caught:
        await collect(path)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    for word in words:
        assert word in message


async def test_a_text_file_called_mp4_is_named_for_what_it_is(collect, tmp_path):
    path = tmp_path / "text.mp4"
    path.write_text("Dear all,\nthis is no film\n" * 50)
    await fails(collect, path, SourceFormatError, "text file", "Dear all")


async def test_a_film_without_its_index_is_named_for_what_it_is(collect, talk):
    path = talk.with_name("half.mp4")
    path.write_bytes(talk.read_bytes()[: talk.stat().st_size // 2])
    await fails(collect, path, SourceFormatError, "moov", "cut off")


async def test_an_empty_file_is_named_for_what_it_is(collect, tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    await fails(collect, path, SourceFormatError, "empty")


async def test_a_file_of_noise_is_no_film(collect, tmp_path):
    path = tmp_path / "noise.mp4"
    path.write_bytes(np.random.default_rng(5).bytes(20_000))
    await fails(collect, path, SourceFormatError, "no film or picture")


async def test_a_film_of_which_nothing_can_be_decoded_is_refused(collect, ffmpeg):
    path = ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x240:rate=25:duration=1",
        "-c:v",
        "libx264",
        "-movflags",
        "+faststart",
        "film.mp4",
    )
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = bytes(len(data) - start)
    path.write_bytes(data)
    await fails(collect, path, SourceFormatError, "damaged")


async def test_a_file_that_vanished_is_unreachable(tmp_path):
    gone = str(tmp_path / "gone.mp4")
    spec = SourceSpec(name="gone", url=gone, address=gone, kind="file", loopback=True)
    with pytest.raises(SourceUnreachableError, match="no such file"):
        async with aclosing(open_media(spec, SourceConfig())) as items:
            async for _ in items:
                pass


async def test_a_failure_is_told_before_it_is_raised(tmp_path):
    path = tmp_path / "text.mp4"
    path.write_text("no film")
    (spec,) = parse_sources([str(path)])
    states = []
    with pytest.raises(SourceFormatError):
        async with aclosing(open_media(spec, SourceConfig())) as items:
            async for item in items:
                states.append(item.state)  # noqa: PERF401  (a comprehension would lose them)
    assert states[-1] == "failed"


async def test_closing_early_leaves_no_thread(talk):
    (spec,) = parse_sources([str(talk)])
    async with aclosing(open_media(spec, SourceConfig(pace="realtime"))) as items:
        async for item in items:
            if isinstance(item, Frame):
                break
    await asyncio.sleep(0.05)
    assert not [t.name for t in threading.enumerate() if t.name == "talk decode"]


async def test_cancelling_while_it_waits_leaves_no_thread(talk):
    (spec,) = parse_sources([str(talk)])

    async def consume():
        async with aclosing(open_media(spec, SourceConfig(pace="realtime"))) as items:
            async for _ in items:
                pass

    task = asyncio.create_task(consume())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.05)
    assert not [t.name for t in threading.enumerate() if t.name == "talk decode"]
