from typing import NamedTuple

import av
import numpy as np
import pytest

from engines.spec.frame import SOUND_RATE_HZ, Frame, Sound
from engines.spec.observation import Observation, Scene

HEIGHT, WIDTH = 120, 160


class Played(NamedTuple):
    """A file as a player sees it."""

    times: list
    pictures: list
    sound_s: float | None
    samples: np.ndarray | None

    def loud_s(self, threshold=0.05):
        """When it is loud for the first time."""
        return float(np.argmax(np.abs(self.samples) > threshold)) / SOUND_RATE_HZ


def play(path):
    with av.open(path) as container:
        frames = [(f.time, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
        times, pictures = (list(column) for column in zip(*frames, strict=True))
        if not container.streams.audio:
            return Played(times, pictures, None, None)
        container.seek(0)
        blocks = [(f.time, f.to_ndarray()[0]) for f in container.decode(audio=0)]
    samples = np.zeros(round(blocks[-1][0] * SOUND_RATE_HZ) + len(blocks[-1][1]), np.float32)
    for time_s, block in blocks:  # where a player puts them
        samples[round(time_s * SOUND_RATE_HZ) :][: len(block)] = block
    return Played(times, pictures, len(samples) / SOUND_RATE_HZ, samples)


@pytest.fixture(scope="session")
def played():
    return play


@pytest.fixture
def grey():
    """A picture of one grey."""

    def make(level=90, height=HEIGHT, width=WIDTH):
        image = np.full((height, width, 3), level, np.uint8)
        image.setflags(write=False)
        return image

    return make


@pytest.fixture
def frame(grey):
    def make(time_s, image=None, *, index=0, epoch=0, source="test"):
        return Frame(
            source=source,
            epoch=epoch,
            shot=0,
            index=index,
            time_s=time_s,
            captured_at=None,
            arrived_s=1000 + time_s,
            image=grey() if image is None else image,
        )

    return make


@pytest.fixture
def seen():
    """What was seen in a frame: people by their boxes."""

    def make(frame, *boxes, **more):
        people = tuple(
            Observation(
                source=frame.source,
                epoch=frame.epoch,
                shot=frame.shot,
                track_id=number,
                person_id=f"p{number}",
                box_xyxy=np.array(box, np.float32),
                score=0.9,
                time_s=frame.time_s,
                arrived_s=frame.arrived_s,
                **more,
            )
            for number, box in enumerate(boxes, start=1)
        )
        return Scene(
            source=frame.source,
            epoch=frame.epoch,
            shot=frame.shot,
            index=frame.index,
            time_s=frame.time_s,
            captured_at=None,
            arrived_s=frame.arrived_s,
            observations=people,
        )

    return make


@pytest.fixture
def tone():
    """A stretch of a loud tone."""

    def make(time_s, seconds=0.02, source="test"):
        at = time_s + np.arange(round(seconds * SOUND_RATE_HZ)) / SOUND_RATE_HZ
        samples = (0.5 * np.sin(2 * np.pi * 440 * at)).astype(np.float32)
        return Sound(source=source, epoch=0, time_s=time_s, arrived_s=0.0, samples=samples)

    return make
