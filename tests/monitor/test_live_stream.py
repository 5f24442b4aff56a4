"""The monitor on a real RTSP server that is killed, restarted and frozen."""

import signal
import time

import pytest

pytestmark = [pytest.mark.network, pytest.mark.slow]

MARGIN_S = 0.6  # one hop, and the reading of it


def surfaces(monitor, epoch=None):
    return [
        r for r in monitor.of("reading") if r["surface"] is not None and epoch in (None, r["epoch"])
    ]


@pytest.fixture
def server(rtsp_server, media):
    return rtsp_server(media / "faces/WolfgangLanger_Pexels.mp4")


@pytest.fixture
def monitor(start_monitor, server):
    monitor = start_monitor(server.url)
    monitor.wait_for(lambda m: len(surfaces(m)) >= 3)
    return monitor


def epochs(monitor):
    return sorted({reading["epoch"] for reading in monitor.of("reading")})


def assert_no_reading_mixes_two_sides(monitor):
    for reading in monitor.of("reading"):
        window = reading["window"]
        assert 0 < window["end_s"] - window["start_s"] <= 1.6
    seqs = [reading["seq"] for reading in monitor.of("reading")]
    assert seqs == sorted(set(seqs))


def test_a_server_that_is_killed_and_comes_back(monitor, server):
    server.kill()
    monitor.wait_for(lambda m: "reconnecting" in {s["state"] for s in m.of("status")})
    time.sleep(2)
    before = len(monitor.of("reading"))
    server.start()
    monitor.wait_for(lambda m: surfaces(m, epoch=1), within_s=20)
    gaps = [gap for gap in monitor.of("gap") if gap["medium"] == "video"]
    assert len(gaps) == 1
    assert gaps[0]["reason"] in {"disconnected", "stalled"}
    assert gaps[0]["lost_s"] >= 2
    assert epochs(monitor) == [0, 1]
    assert len(monitor.of("reading")) > before
    assert_no_reading_mixes_two_sides(monitor)
    assert monitor.interrupt() == 130


def test_a_server_that_freezes_for_five_seconds(monitor, server):
    server.freeze()
    time.sleep(5)
    server.thaw()
    monitor.wait_for(lambda m: surfaces(m, epoch=epochs(m)[-1]) and len(epochs(m)) > 1)
    gaps = [gap for gap in monitor.of("gap") if gap["medium"] == "video"]
    assert gaps
    assert gaps[0]["lost_s"] >= 2
    assert_no_reading_mixes_two_sides(monitor)
    assert monitor.interrupt(signal.SIGTERM) == 130


def test_ctrl_c_drains_and_accounts_for_everything(monitor):
    started = time.monotonic()
    assert monitor.interrupt() == 130
    assert time.monotonic() - started < 5
    (summary,) = monitor.of("summary")
    (source,) = summary["sources"]
    assert source["outcome"] == "interrupted"
    assert source["edges"]
    for edge in source["edges"]:
        assert edge["received"] == edge["delivered"] + sum(edge["drops"].values())
    assert source["frames_analysed"] > 0
    assert source["sound_s"] > 0
