"""The eyes in a process: with the real networks, and with blank ones that die as they are told."""

import asyncio
import os
import signal
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from engines.config import ExpressionConfig, PerceptionConfig, RuntimeConfig
from engines.errors import ConfigError, DeviceLostError
from engines.models.store import ModelStore
from engines.perception.observer import Given
from engines.spec.frame import Frame
from engines.spec.observation import Scene
from stream import succession
from stream.errors import ChildGoneError, EyesLostError
from stream.meter import EngineMeter
from stream.sight import eyes_process, frame_slots
from stream.sight.eyes_process import Answer, EyesProcess, SightThere
from stream.sight.eyes_thread import EyesThread
from stream.sight.frame_slots import SlotReader
from stream.sight.sight import Look, Sight

DIES, LOSES_ITS_CARD, HANGS = 101, 102, 103
"""What the brightness of a picture tells the blank eyes to do."""


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch):
    """Hold after every test that none of the memory that it shared is there any more."""
    created, made = frame_slots._created, []

    def noted(size):
        made.append(created(size))
        return made[-1]

    monkeypatch.setattr(frame_slots, "_created", noted)
    yield
    assert not [one.name for one in made if (Path("/dev/shm") / one.name).exists()]


class Blank(SightThere):
    """Sees nobody: the index of a scene is how bright the picture is."""

    def __init__(self, config, _store, enrolled):
        self._slots = SlotReader()
        self._looks = Counter()
        self._fails = enrolled is not None and not Path(enrolled).exists()
        if self._fails:
            raise ConfigError(f"enrolment picture {enrolled}: gone")

    def described(self):
        return "blank", None

    def look(self, viewing, slip, watched):
        frame = self._slots.frame(slip)
        value = int(frame.image[0, 0, 0])
        if value == DIES:
            os.kill(os.getpid(), signal.SIGSEGV)
        if value == LOSES_ITS_CARD:
            raise DeviceLostError("cuda:0 stopped answering: an illegal address")
        if value == HANGS:
            time.sleep(60)
        begun_s = time.monotonic()
        if value == 7:
            time.sleep(0.3)
        assert int(frame.image.min()) == int(frame.image.max()) == value  # nobody wrote meanwhile
        self._looks[viewing.number] += 1
        given = Given(tracks=viewing.after.tracks + 1, persons=self._looks[viewing.number])
        scene = Scene(
            source=frame.source,
            epoch=0,
            shot=0,
            index=value,
            time_s=frame.time_s,
            captured_at=None,
            arrived_s=0.0,
            observations=(),
        )
        return Answer(
            look=Look(scene=scene, given=given, begun_s=begun_s, ended_s=time.monotonic()), runs=()
        )

    def __exit__(self, *_):
        self._slots.__exit__(None, None, None)


def frame(value, source="cam", size=(48, 64)):
    return Frame(
        source=source,
        epoch=0,
        shot=0,
        index=value,
        time_s=0.0,
        captured_at=None,
        arrived_s=0.0,
        image=np.full((*size, 3), value, np.uint8),
    )


@pytest.fixture
def blank_eyes(monkeypatch):
    monkeypatch.setattr(eyes_process, "SightThere", Blank)

    def eyes(patience_s=20.0, picture=None):
        runtime = RuntimeConfig(patience_s=patience_s)
        config = PerceptionConfig(runtime=runtime)
        return EyesProcess(config, ModelStore(), EngineMeter(runtime), picture)

    return eyes


async def seen(eyes, value, source="cam", **how):
    return (await eyes.look(frame(value, source, **how), None)).scene.index


async def test_frames_of_several_sources_go_there_and_what_is_seen_comes_back(blank_eyes):
    sizes = {"a": (48, 64), "b": (480, 640), "c": (1, 1)}

    async def watch(eyes, source):
        with eyes.watching(source):
            values = [await seen(eyes, n, source, size=sizes[source]) for n in range(20, 40)]
        assert values == list(range(20, 40))

    async with blank_eyes() as eyes:
        assert eyes.pid not in (None, os.getpid())
        assert eyes.keypoints == "blank"
        await asyncio.gather(*(watch(eyes, source) for source in sizes))
        assert len(eyes._slots) <= len(sizes)
    assert eyes.process_cpu_s > 0


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (DIES, r"ended by signal 11 \(Segmentation fault\)"),
        (LOSES_ITS_CARD, "cuda:0 stopped answering"),
        (HANGS, "did not answer for 0.5 s"),
    ],
)
async def test_what_it_dies_over_is_lost_and_the_next_frame_finds_another(blank_eyes, value, why):
    async with blank_eyes(patience_s=0.5) as eyes:
        changes = []
        with eyes.watching("cam"), eyes.watched(changes.append):
            assert await seen(eyes, 1) == 1
            first = eyes.pid
            with pytest.raises(EyesLostError, match=why):
                await eyes.look(frame(value), None)
            assert not psutil.pid_exists(first)
            look = await eyes.look(frame(2), None)
            assert look.scene.index == 2
            # it is new to the source, and begins after the numbers that were given in it
            assert look.given == Given(tracks=2, persons=1)
            assert eyes.pid != first
        assert [change.state for change in changes] == ["reconnecting", "ok"]
        assert "started again (1): tracks and persons begin anew" in changes[-1].detail
        assert eyes.restarts == 1


async def test_a_source_that_is_watched_again_is_another(blank_eyes):
    async with blank_eyes() as eyes:
        for _ in range(2):
            with eyes.watching("cam"):
                assert (await eyes.look(frame(1), None)).given.persons == 1
                assert (await eyes.look(frame(1), None)).given.persons == 2


async def test_what_dies_again_and_again_is_given_up(blank_eyes, monkeypatch):
    monkeypatch.setattr(succession, "RESTARTS", 1)
    async with blank_eyes() as eyes:
        with eyes.watching("cam"):
            for _ in range(2):
                with pytest.raises(EyesLostError):
                    await eyes.look(frame(DIES), None)
            for _ in range(2):
                with pytest.raises(ChildGoneError, match="1 restarts within 60 s: no more"):
                    await eyes.look(frame(1), None)
        assert eyes.health.state == "failed"


async def test_what_cannot_be_opened_again_is_given_up(blank_eyes, tmp_path):
    picture = tmp_path / "face.png"
    picture.touch()
    async with blank_eyes(picture=picture) as eyes:
        eyes._enrolled = tmp_path / "gone.png"
        with eyes.watching("cam"):
            with pytest.raises(EyesLostError):
                await eyes.look(frame(DIES), None)
            with pytest.raises(ChildGoneError, match="cannot be started again: enrolment picture"):
                await eyes.look(frame(1), None)


async def test_a_look_that_nobody_waits_for_keeps_its_picture_to_itself(blank_eyes):
    async with blank_eyes() as eyes:
        with eyes.watching("slow"), eyes.watching("cam"):
            slow = asyncio.create_task(eyes.look(frame(7, "slow"), None))
            await asyncio.sleep(0.1)
            slow.cancel()
            # its place is still read: were it used, the blank eyes would notice and fail
            assert [await seen(eyes, value) for value in (9, 10)] == [9, 10]
            assert len(eyes._slots) == 2


async def test_the_end_comes_while_it_is_started_again(blank_eyes):
    async with blank_eyes() as eyes:
        with eyes.watching("cam"):
            with pytest.raises(EyesLostError):
                await eyes.look(frame(DIES), None)
            looking = asyncio.create_task(eyes.look(frame(1), None))
            await asyncio.sleep(0.05)
            looking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await looking
    assert eyes.pid is None
    assert [p for p in psutil.Process().children() if "spawn_main" in " ".join(p.cmdline())] == []


def frames_of(path, most):
    with av.open(str(path)) as container:
        for index, picture in enumerate(container.decode(video=0)):
            if index == most:
                return
            image = picture.to_ndarray(format="rgb24")
            image.setflags(write=False)
            yield replace(frame(0), index=index, time_s=picture.time, image=image)


@pytest.fixture
def fast():
    """Few networks: the process is looked at, not the people."""
    return PerceptionConfig(
        detector={"model": "yolo11n-persons-320x320"}, expression=ExpressionConfig()
    )


async def test_a_process_sees_what_a_thread_sees_and_its_engines_are_metered(store, media, fast):
    clip = media / "faces/WolfgangLanger_Pexels.mp4"
    looks, meters = {}, {}
    for kind in (EyesThread, EyesProcess):
        meter = meters[kind] = EngineMeter(fast.runtime)
        async with kind(fast, store, meter) as eyes:
            with eyes.watching("cam"):
                looks[kind] = [await eyes.look(one, None) for one in frames_of(clip, 20)]
        assert eyes.is_apart == (kind is EyesProcess)
        assert (eyes.process_cpu_s > 0) == eyes.is_apart
    there, here = looks[EyesProcess], looks[EyesThread]
    assert sum(len(look.scene.observations) for look in here) >= 15
    for a, b in zip(here, there, strict=True):
        assert repr(a.scene) == repr(b.scene)
        assert a.given == b.given
        for one, other in zip(a.scene.observations, b.scene.observations, strict=True):
            np.testing.assert_array_equal(one.expression, other.expression)
            assert not other.box_xyxy.flags.writeable
    assert meters[EyesThread].calls == meters[EyesProcess].calls
    assert meters[EyesProcess].calls["face-mesh"] >= 15
    assert sum(meters[EyesProcess].cpu_s.values()) > 0


async def test_an_enrolled_person_is_known_to_the_next_process_without_the_picture(
    store, media, tmp_path, fast
):
    clip = media / "faces/WolfgangLanger_Pexels.mp4"
    frames = list(frames_of(clip, 12))
    picture = tmp_path / "face.png"
    av.VideoFrame.from_ndarray(frames[0].image, format="rgb24").save(str(picture))
    async with EyesProcess(fast, store, EngineMeter(fast.runtime), picture) as eyes:
        picture.unlink()
        with eyes.watching("cam"):
            names = []
            for number, one in enumerate(frames):
                if number == 6:
                    os.kill(eyes.pid, signal.SIGKILL)
                    with pytest.raises(EyesLostError, match=r"signal 9"):
                        await eyes.look(one, None)
                    continue
                scene = (await eyes.look(one, None)).scene
                names.append([seen.person_id for seen in scene.observations])
        assert eyes.restarts == 1
    assert ["subject"] in names[:6]
    assert ["subject"] in names[6:]


async def test_a_card_that_is_lost_in_a_thread_is_an_error_with_its_remedy(
    monkeypatch, store, fast
):
    def lost(*_):
        raise DeviceLostError("cuda:0 stopped answering")

    monkeypatch.setattr(Sight, "look", lost)
    async with EyesThread(fast, store, EngineMeter(fast.runtime)) as eyes:
        with eyes.watching("cam"), pytest.raises(DeviceLostError, match="process: child"):
            await eyes.look(frame(1), None)


@pytest.mark.parametrize(
    ("runtime", "apart"),
    [
        ({}, False),
        ({"backend": "onnxruntime"}, False),
        ({"backend": "tensorrt"}, True),
        ({"backend": "torch"}, True),
        ({"backend": "torch", "device": "cuda:1"}, True),
        ({"backend": "torch", "device": "cpu"}, False),
        ({"process": "child"}, True),
        ({"backend": "tensorrt", "process": "thread"}, False),
    ],
)
def test_a_process_of_its_own_is_for_cards_unless_told(runtime, apart):
    assert RuntimeConfig(**runtime).is_apart == apart
