from contextlib import ExitStack

import numpy as np
import pytest

from engines.config import DetectorConfig, FaceConfig, PerceptionConfig
from engines.perception.detector import PersonDetector
from engines.perception.expression import PeerExpressions
from engines.perception.face import FaceFinder
from engines.perception.networks import PerceptionNetworks
from engines.perception.observer import Observer

PERSON = [60, 30, 140, 230]
FACE = (100, 60)


@pytest.fixture
def networks(disc_world):
    with PerceptionNetworks(
        persons=PersonDetector(disc_world.persons),
        faces=FaceFinder(disc_world.blazeface, disc_world.facemesh, FaceConfig()),
        expressions=PeerExpressions(disc_world.fer),
        engines=ExitStack(),
    ) as shared:
        yield shared


@pytest.fixture
def watch(disc_world, networks, frame_of):
    """Show frames to one observer: ``watch(image, epoch=, shot=)``; 25 frames a second."""

    class Watch:
        def __init__(self):
            self.observer = Observer(PerceptionConfig(detector=DetectorConfig(every=3)))
            self.index = -1

        def __call__(self, image=None, **where):
            self.index += 1
            image = disc_world.picture(FACE) if image is None else image
            where = {"time_s": self.index / 25, "index": self.index} | where
            return self.observer.observe(networks, frame_of(image, **where))

    return Watch()


def test_a_scene_says_who_is_there_with_face_and_expression(disc_world, watch):
    disc_world.place(PERSON)

    scene = watch(time_s=1.5, epoch=2, shot=3)

    assert (scene.source, scene.epoch, scene.shot, scene.time_s) == ("test", 2, 3, 1.5)
    (person,) = scene.observations
    assert (person.track_id, person.person_id) == (1, "p1")
    assert person.box_xyxy.tolist() == PERSON
    assert person.face_xyxy == pytest.approx(np.array([88, 48, 113, 73]), abs=2)
    assert person.expression.shape == (7,)


def test_an_empty_picture_is_an_empty_scene(watch):
    assert watch().observations == ()


def test_the_detector_looks_at_every_third_frame_while_somebody_is_followed(disc_world, watch):
    disc_world.place(PERSON)

    looks = []
    for _ in range(7):
        watch()
        looks.append(disc_world.persons.runs)

    assert looks == [1, 1, 1, 2, 2, 2, 3]


@pytest.mark.parametrize(
    ("rate_hz", "frames_a_look"), [(50, 3), (30, 3), (24, 3), (15, 2), (12.5, 2), (10, 1), (8, 1)]
)
def test_of_a_slow_picture_the_detector_looks_at_more_frames(
    disc_world, watch, rate_hz, frames_a_look
):
    disc_world.place(PERSON)

    for index in range(12):
        watch(time_s=index / rate_hz)

    assert disc_world.persons.runs == 12 / frames_a_look


def test_the_detector_looks_at_every_frame_while_nobody_is_followed(disc_world, watch):
    for _ in range(4):
        watch()

    assert disc_world.persons.runs == 4


def test_a_person_between_two_looks_is_still_there(disc_world, watch):
    disc_world.place(PERSON)

    scenes = [watch() for _ in range(6)]

    assert [[seen.track_id for seen in scene.observations] for scene in scenes] == [[1]] * 6
    assert all(scene.observations[0].expression is not None for scene in scenes)


def test_a_lost_face_is_none_in_that_very_frame(disc_world, watch):
    disc_world.place(PERSON)
    watch()

    (person,) = watch(disc_world.picture()).observations

    assert person.face_xyxy is None
    assert person.expression is None


def test_a_person_who_left_is_gone_at_the_next_look(disc_world, watch):
    disc_world.place(PERSON)
    watch()
    disc_world.place()

    assert [len(watch().observations) for _ in range(4)] == [1, 1, 0, 0]


@pytest.mark.parametrize("change", [{"shot": 1}, {"epoch": 1}], ids=["cut", "break"])
def test_after_a_cut_or_a_break_the_detector_looks_at_once_and_numbers_are_new(
    disc_world, watch, change
):
    disc_world.place(PERSON)
    watch()
    looks = disc_world.persons.runs

    (person,) = watch(**change).observations

    assert person.track_id == 2
    assert disc_world.persons.runs == looks + 1


def test_a_person_who_is_seen_weakly_has_no_face(disc_world, watch):
    disc_world.place(PERSON)
    watch()
    disc_world.place(PERSON, score=0.2)
    watch()
    watch()

    (person,) = watch().observations

    assert person.track_id == 1
    assert person.score == pytest.approx(0.2)
    assert person.expression is None


def test_of_too_many_people_the_largest_are_looked_at(disc_world, networks, frame_of):
    disc_world.place([0, 0, 30, 90], [100, 0, 180, 200], [200, 0, 270, 190])
    observer = Observer(PerceptionConfig(max_persons=2))

    scene = observer.observe(networks, frame_of(disc_world.picture()))

    assert [seen.box_xyxy[0] for seen in scene.observations] == [100, 200]


def test_two_sources_do_not_share_their_tracks(disc_world, networks, frame_of):
    disc_world.place(PERSON)
    here, there = Observer(PerceptionConfig()), Observer(PerceptionConfig())
    frame = frame_of(disc_world.picture())
    here.observe(networks, frame)
    here.observe(networks, frame_of(frame.image, shot=1, time_s=0.1))

    assert there.observe(networks, frame).observations[0].track_id == 1
