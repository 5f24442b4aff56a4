"""The clock, proved by films with a flash and a beep of one moment; the benchmark has long ones."""

import importlib.util
import sys
from pathlib import Path

import pytest

TOLERANCE_S = 0.04
LENGTH_S = 24.0
LIVE_S = 8.0
FAST = 0.003  # 66 ms between the first events and the last; 100 ppm make 60 in ten minutes


@pytest.fixture(scope="module")
def av_clock():
    path = Path(__file__).parents[3] / "benchmarks/av_clock.py"
    spec = importlib.util.spec_from_file_location("av_clock", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["av_clock"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["av_clock"]


async def measured(av_clock, tmp_path, container, **built):
    film = av_clock.Built(length_s=LENGTH_S, **built)
    path = av_clock.write(film, tmp_path / "film.ts")
    if container != "ts":
        path = av_clock.remuxed(path, f"film.{container}")
    return av_clock.offsets(await av_clock.watch(str(path)), film)


@pytest.mark.parametrize("shift_s", [0.0, 0.18, -0.25])
@pytest.mark.parametrize("container", ["ts", "mp4", "mkv"])
async def test_a_shift_of_the_sound_is_kept_as_it_is(
    av_clock, tmp_path, need_tool, container, shift_s
):
    need_tool("ffmpeg")
    found = await measured(av_clock, tmp_path, container, shift_s=shift_s)
    assert found.events >= 10
    assert not found.missed
    assert found.start_s == pytest.approx(shift_s, abs=0.002)
    assert found.end_s == pytest.approx(shift_s, abs=0.002)


@pytest.mark.parametrize("shift_s", [0.0, 0.18, -0.25])
@pytest.mark.parametrize("fast", [FAST, -FAST])
async def test_a_drift_in_the_stamps_is_told_as_it_is(av_clock, tmp_path, shift_s, fast):
    found = await measured(av_clock, tmp_path, "ts", shift_s=shift_s, fast=fast)
    drift_s = found.built_end_s - found.built_start_s
    assert abs(drift_s) > TOLERANCE_S
    assert found.end_s - found.start_s == pytest.approx(drift_s, abs=0.002)
    assert found.worst_s < 0.002
    assert not found.missed


@pytest.mark.parametrize("fast", [FAST, -FAST])
async def test_counting_samples_adds_no_drift_where_the_stamps_are_true(av_clock, tmp_path, fast):
    found = await measured(av_clock, tmp_path, "ts", shift_s=0.18, fast=fast, stamped="clock")
    assert found.worst_s <= TOLERANCE_S
    assert found.end_s == pytest.approx(0.18, abs=TOLERANCE_S)
    assert not found.missed


@pytest.mark.network
@pytest.mark.parametrize("kind", ["udp", "rtsp"])
async def test_a_live_stream_keeps_shift_and_drift(
    av_clock, tmp_path, rtsp_server, need_tool, kind
):
    need_tool("ffmpeg")
    film = av_clock.Built(length_s=LENGTH_S, shift_s=-0.25, fast=2 * FAST)
    if kind == "udp":
        with av_clock.sent_by_udp(av_clock.write(film, tmp_path / "film.ts")) as url:
            heard = await av_clock.watch(url, for_s=LIVE_S)
    else:
        path = av_clock.write(film, tmp_path / "film.ts", shift_in="content")
        url = rtsp_server(av_clock.remuxed(path, "film.mp4")).url
        heard = await av_clock.watch(url, for_s=LIVE_S)
    found = av_clock.offsets(heard, film)
    assert found.events >= 3
    assert not found.missed
    assert found.worst_s < TOLERANCE_S / 2
