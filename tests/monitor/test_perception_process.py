"""The whole monitor with its eyes in a process of their own, which is killed under way."""

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from stream import succession

FAST = ("--set", "speech.model=null", "--set", "perception.keypoints.model=null")
APART = (*FAST, "--set", "perception.runtime.process=child")


def segments_of(pid):
    """Return the shared memory that a process sees."""
    words = Path(f"/proc/{pid}/maps").read_text().split()
    return {Path(word) for word in words if word.startswith("/dev/shm/psm_")}


def is_there(segments):
    return any(segment.exists() for segment in segments)


def eyes_of(pid):
    """Return the child process with the networks in it: the largest, once it is there."""
    children = [
        (child.memory_info().rss, child.pid)
        for child in psutil.Process(pid).children()
        if "spawn_main" in " ".join(child.cmdline())
    ]
    return max(children)[1] if children else None


def states(records):
    return [r["state"] for r in records if r["kind"] == "status" and r["role"] == "perception"]


def assert_all_is_accounted_for(summary, *, lost):
    (source,) = summary["sources"]
    for edge in source["edges"]:
        assert edge["received"] == edge["delivered"] + sum(edge["drops"].values())
    looked_at = next(e for e in source["edges"] if e["edge"] == "decode -> perceive")
    assert looked_at["drops"].get("perception_lost", 0) == lost
    assert source["frames_decoded"] - looked_at["received"] in (0, 1)  # one was about to be sent


@pytest.fixture
def clip(media):
    return media / "faces/WolfgangLanger_Pexels.mp4"


@pytest.fixture
def started(start_monitor, clip):
    """A monitor with a reading, its eyes, and the memory that they share."""
    monitor = start_monitor(clip, *APART)
    monitor.wait_for(lambda m: m.of("reading"))
    shared = segments_of(monitor.process.pid)
    assert shared
    return monitor, eyes_of(monitor.process.pid), shared


def test_killed_eyes_are_told_counted_and_replaced(started):
    monitor, eyes, shared = started
    first = monitor.of("reading")[-1]
    os.kill(eyes, signal.SIGKILL)
    monitor.wait_for(lambda m: states(m.records) == ["ok", "reconnecting", "ok"])
    later = monitor.wait_for(
        lambda m: [
            r
            for r in m.of("reading")
            if r["surface"] is not None and r["track_id"] != first["track_id"]
        ]
    )
    # no number is given twice: who is seen now is not taken for who was seen then
    assert later[0]["person_id"] != first["person_id"]
    assert monitor.interrupt() == 130
    (summary,) = monitor.of("summary")
    assert summary["perception_restarts"] == 1
    assert_all_is_accounted_for(summary, lost=1)
    (told,) = [s for s in monitor.of("status") if s["state"] == "reconnecting"]
    assert "perception process was ended by signal 9" in told["detail"]
    assert states(monitor.records)[-1] == "ended"
    assert not is_there(shared)
    assert "leaked" not in monitor.log


def test_an_end_that_is_asked_for_while_they_start_again_comes(started):
    monitor, eyes, shared = started
    os.kill(eyes, signal.SIGKILL)
    monitor.wait_for(lambda m: "reconnecting" in states(m.records))
    assert monitor.interrupt() == 130
    (summary,) = monitor.of("summary")
    assert_all_is_accounted_for(summary, lost=1)
    assert not is_there(shared)
    assert "Traceback" not in monitor.log


def test_eyes_end_with_a_monitor_that_is_killed(started):
    monitor, eyes, shared = started
    monitor.process.kill()
    monitor.process.wait()
    deadline_s = time.monotonic() + 20
    while time.monotonic() < deadline_s and (psutil.pid_exists(eyes) or is_there(shared)):
        time.sleep(0.05)
    assert not psutil.pid_exists(eyes)
    assert not is_there(shared)


def test_eyes_that_die_too_often_end_the_source_with_a_reason(run_monitor, clip, monkeypatch):
    monkeypatch.setattr(succession, "RESTARTS", 0)
    over = threading.Event()

    def kill():
        while not over.wait(0.05):
            eyes = eyes_of(os.getpid())
            if eyes is not None and segments_of(os.getpid()):  # it was given a picture
                os.kill(eyes, signal.SIGKILL)
                return

    killer = threading.Thread(target=kill)
    killer.start()
    run = run_monitor(clip, *APART, pace="realtime")
    over.set()
    killer.join()
    assert run.code == 1
    assert "signal 9" in run.summary["sources"][0]["outcome"]
    assert "no more" in run.summary["sources"][0]["outcome"]
    assert states(run.records) == ["ok", "reconnecting", "failed"]
    assert_all_is_accounted_for(run.summary, lost=1)
