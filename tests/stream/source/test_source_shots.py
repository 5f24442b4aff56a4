from itertools import pairwise

import av
import numpy as np
import pytest

from stream.config import ShotConfig
from stream.source.shots import ShotDetector

GRID = ["bbaf2n", "brbk7n", "lbax4n", "pwij3p", "sbwe5n", "swiz3n"]


@pytest.fixture
def detector():
    return ShotDetector(ShotConfig())


@pytest.fixture
def cuts(collect):
    async def cuts(path):
        frames = (await collect(path)).frames
        return [round(b.time_s, 2) for a, b in pairwise(frames) if a.shot != b.shot]

    return cuts


def pictures(path):
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24", threads=1)


def test_all_five_cuts_between_the_six_speakers_are_found(detector, media):
    found, joins, index = [], [], 0
    for name in GRID:
        joins.append(index)
        for picture in pictures(media / f"grid/{name}.mpg"):
            if detector.is_cut(picture, index / 25):
                found.append(index)
            index += 1
    assert found == joins[1:]


@pytest.mark.parametrize(
    "clip",
    [
        "faces/WolfgangLanger_Pexels.mp4",
        "faces/carphone_pristine.mp4",
        "faces/classroom.gif",
        "faces/no_face.mp4",
        "faces/single_face.mp4",
        "faces/head-pose-face-detection-female-and-male.gif",
        "faces/face-demographics-walking-and-pause.gif",
        "gestures/asl_gestures_help.mkv",
        "gestures/asl_gestures_yes.mkv",
        "grid/bbaf2n.mpg",
        pytest.param("faces/one-by-one-person-detection.mp4", marks=pytest.mark.slow),
    ],
)
async def test_a_single_shot_has_no_cut(cuts, media, clip):
    assert await cuts(media / clip) == []


async def test_a_cut_that_takes_two_frames_is_one(cuts, media):
    assert await cuts(media / "faces/face_noface.mov") == [2.4]


def test_a_flash_is_one_cut(detector):
    rng = np.random.default_rng(1)
    dark = rng.integers(0, 60, (90, 160, 3), np.uint8)
    light = dark + 180
    sequence = [dark] * 10 + [light] + [dark] * 10
    found = [i for i, image in enumerate(sequence) if detector.is_cut(image, i / 25)]
    assert found == [10]


def test_a_change_of_size_is_no_cut(detector):
    small, large = np.full((90, 160, 3), 20, np.uint8), np.full((180, 320, 3), 200, np.uint8)
    assert not any(detector.is_cut(im, i / 25) for i, im in enumerate([small, small, large, large]))


def test_what_lies_behind_a_break_is_not_compared(detector):
    one, other = np.full((90, 160, 3), 20, np.uint8), np.full((90, 160, 3), 200, np.uint8)
    assert not detector.is_cut(one, 0.0)
    detector.forget()
    assert not detector.is_cut(other, 5.0)
    assert detector.is_cut(one, 5.04)
