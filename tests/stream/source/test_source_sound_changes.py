"""Sound that changes, begins late, ends early or has holes: what comes of it, and when."""

from itertools import pairwise

import numpy as np
import pytest

from stream.source.sound import LONGEST

RATE_HZ = 16_000
TOLERANCE_S = 0.04
PART_S = 2.0
PICTURE = "testsrc=size=64x48:rate=25"
BEEPS = "aevalsrc='if(between(mod(t,1),0.5,0.6),0.6*sin(2*PI*1000*t),0)'"
CONTAINERS = ["ts", "mp4", "mkv"]


def onsets_s(got):
    """Return when a beep begins."""
    loud = [s.time_s + np.flatnonzero(abs(s.samples) > 0.2) / RATE_HZ for s in got.sounds]
    times_s = np.concatenate([[-np.inf], *loud])
    return times_s[1:][np.diff(times_s) > 0.2]


def end_s(sound):
    return sound.time_s + len(sound.samples) / RATE_HZ


def split_at(got, gap):
    """Return the sound before a gap, and the one after it."""
    at = next(index for index, item in enumerate(got) if item is gap)
    return type(got)(got[:at]).sounds[-1], type(got)(got[at:]).sounds[0]


def heard_s(got):
    return sum(len(sound.samples) for sound in got.sounds) / RATE_HZ


@pytest.fixture
def part(ffmpeg):
    """Two seconds of picture and beeps as a transport stream that begins at a given time."""

    def part(name, at_s, *, rate=48_000, layout="mono", codec="aac"):
        return ffmpeg(
            *("-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", f"{BEEPS}:c={layout}:s={rate}"),
            *("-t", PART_S, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", codec),
            *("-output_ts_offset", at_s, "-muxdelay", 0, "-muxpreload", 0, f"{name}.ts"),
        )

    return part


@pytest.fixture
def joined(part, tmp_path):
    """Join two parts, byte by byte, as a broadcaster's switch does."""

    def joined(first, second, *, at_s=PART_S):
        path = tmp_path / "joined.ts"
        parts = part("first", 0, **first), part("second", at_s, **second)
        path.write_bytes(b"".join(one.read_bytes() for one in parts))
        return path

    return joined


@pytest.mark.parametrize("codec", ["aac", "mp2"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"rate": 44_100}, {"rate": 48_000}),
        ({"layout": "mono"}, {"layout": "stereo"}),
        ({"rate": 48_000, "layout": "stereo"}, {"rate": 32_000, "layout": "mono"}),
    ],
)
async def test_a_change_of_rate_or_layout_moves_no_sound(collect, joined, first, second, codec):
    got = await collect(joined(first | {"codec": codec}, second | {"codec": codec}))
    assert got.epochs == [0]
    assert onsets_s(got) == pytest.approx([0.5, 1.5, 2.5, 3.5], abs=TOLERANCE_S)
    assert heard_s(got) == pytest.approx(2 * PART_S, abs=0.1)
    assert got.states("audio") == ["waiting", "ok", "ended"]


async def test_a_hole_at_a_change_of_rate_is_a_gap(collect, joined):
    got = await collect(joined({"rate": 44_100}, {"rate": 48_000}, at_s=PART_S + 1.5))
    (gap,) = got.gaps("audio")
    assert gap.reason == "missing"
    assert gap.start_s == pytest.approx(PART_S, abs=0.06)  # AAC fills its last packets up
    assert gap.end_s == pytest.approx(PART_S + 1.5, abs=TOLERANCE_S)
    assert onsets_s(got) == pytest.approx([0.5, 1.5, 4.0, 5.0], abs=TOLERANCE_S)


@pytest.mark.parametrize("container", CONTAINERS)
async def test_sound_that_begins_later_than_the_picture_begins_at_its_time(
    collect, ffmpeg, container
):
    path = ffmpeg(
        *("-f", "lavfi", "-i", PICTURE, "-itsoffset", 2, "-f", "lavfi", "-i", f"{BEEPS}:s=48000"),
        *("-t", 4, "-c:a", "aac", f"late.{container}"),
    )
    got = await collect(path)
    assert got.sounds[0].time_s == pytest.approx(2.0, abs=TOLERANCE_S)
    assert onsets_s(got) == pytest.approx([2.5, 3.5], abs=TOLERANCE_S)
    assert got.frames[0].time_s == pytest.approx(0.0, abs=TOLERANCE_S)
    assert not got.gaps("audio")


@pytest.mark.parametrize("container", CONTAINERS)
async def test_sound_that_ends_earlier_than_the_picture_takes_nothing_with_it(
    collect, ffmpeg, container
):
    path = ffmpeg(
        *("-f", "lavfi", "-i", f"{PICTURE}:duration=4"),
        *("-f", "lavfi", "-i", f"{BEEPS}:s=48000:d=2", "-c:a", "aac", f"short.{container}"),
    )
    got = await collect(path)
    assert len(got.frames) == 100
    assert end_s(got.sounds[-1]) == pytest.approx(2.0, abs=TOLERANCE_S)
    assert onsets_s(got) == pytest.approx([0.5, 1.5], abs=TOLERANCE_S)
    assert not got.gaps("audio") + got.gaps()
    assert got.states("audio") == ["waiting", "ok", "ended"]


@pytest.mark.parametrize("container", CONTAINERS)
async def test_a_hole_in_the_sound_is_a_gap_between_the_sounds_around_it(
    collect, ffmpeg, container
):
    path = ffmpeg(
        *("-f", "lavfi", "-i", f"{PICTURE}:duration=4"),
        *("-f", "lavfi", "-i", f"{BEEPS}:s=48000:d=4"),
        *("-af", "aselect='not(between(t,1.7,2.9))'", "-c:a", "aac", f"hole.{container}"),
    )
    got = await collect(path)
    (gap,) = got.gaps("audio")
    assert gap.reason == "missing"
    assert gap.lost_s == pytest.approx(gap.end_s - gap.start_s)
    assert gap.lost_s == pytest.approx(1.2, abs=TOLERANCE_S)
    before, after = split_at(got, gap)
    assert end_s(before) == pytest.approx(gap.start_s, abs=0.002)
    assert after.time_s == pytest.approx(gap.end_s, abs=0.002)
    assert onsets_s(got) == pytest.approx([0.5, 1.5, 3.5], abs=TOLERANCE_S)


@pytest.mark.parametrize("name", ["a.flac", "a.wav", "a.m4a", "a.opus", "a.mp2", "a.mp3"])
async def test_no_stretch_of_sound_is_longer_than_a_tenth_of_a_second(collect, ffmpeg, name):
    # the slower the rate, the longer a packet of so many samples
    path = ffmpeg("-f", "lavfi", "-i", f"{BEEPS}:s=16000:d=4", name)
    got = await collect(path)
    assert max(len(sound.samples) for sound in got.sounds) <= LONGEST == RATE_HZ // 10
    starts_s = [sound.time_s for sound in got.sounds[1:]]
    assert starts_s == pytest.approx([end_s(sound) for sound in got.sounds[:-1]], abs=1e-6)
    assert all(a.arrived_s <= b.arrived_s for a, b in pairwise(got.sounds))
    assert onsets_s(got) == pytest.approx([0.5, 1.5, 2.5, 3.5], abs=TOLERANCE_S)
