import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.config import FaceConfig
from engines.perception.face import FaceFinder, each_once, head_square
from engines.perception.ssd import SsdDetections


@pytest.fixture
def finder(disc_world):
    return FaceFinder(disc_world.blazeface, disc_world.facemesh, FaceConfig())


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def centre_of(face):
    box = face.mesh.box_xyxy
    return ((box[:2] + box[2:]) / 2).tolist()


def test_a_face_is_found_where_it_is(disc_world, finder):
    image = disc_world.picture((100, 60))

    (face,) = finder.find(image, boxes([60, 30, 140, 230]), [None])

    assert centre_of(face) == pytest.approx([100, 60], abs=1.5)
    assert face.score > 0.9
    assert face.mesh.presence > 0.9
    assert not face.mesh.landmarks.flags.writeable


def test_a_person_without_a_face_has_none(disc_world, finder):
    assert finder.find(disc_world.picture(), boxes([60, 30, 140, 230]), [None]) == [None]
    assert disc_world.facemesh.runs == 0


def test_nobody_has_no_face_and_no_network_runs(disc_world, finder):
    assert finder.find(disc_world.picture((100, 60)), boxes(), []) == []
    assert disc_world.blazeface.runs == 0


def test_a_face_that_the_mesh_denies_is_none(disc_world, finder, monkeypatch):
    nothing = disc_world.facemesh.compute({"input_1": np.zeros((1, 192, 192, 3), np.float32)})
    monkeypatch.setattr(disc_world.facemesh, "compute", lambda batch: nothing)

    assert finder.find(disc_world.picture((100, 60)), boxes([60, 30, 140, 230]), [None]) == [None]


def test_neighbours_who_both_see_both_faces_get_one_each(disc_world, finder):
    image = disc_world.picture((100, 60), (150, 60))

    faces = finder.find(image, boxes([110, 30, 190, 230], [60, 30, 140, 230]), [None, None])

    assert [round(centre_of(face)[0]) for face in faces] == pytest.approx([150, 100], abs=2)


def test_one_face_is_not_given_to_two_persons(disc_world, finder):
    image = disc_world.picture((100, 60))

    faces = finder.find(image, boxes([60, 30, 140, 230], [70, 30, 150, 230]), [None, None])

    assert sum(face is not None for face in faces) == 1
    assert faces[0] is not None


def test_a_face_beside_the_person_is_not_the_persons(disc_world, finder):
    image = disc_world.picture((150, 60))

    assert finder.find(image, boxes([60, 30, 140, 230]), [None]) == [None]


def test_of_two_faces_the_one_last_seen_is_kept(disc_world, finder):
    person = boxes([60, 30, 180, 230])
    (before,) = finder.find(disc_world.picture((90, 60)), person, [None])

    (face,) = finder.find(disc_world.picture((92, 60), (122, 60)), person, [before])

    assert centre_of(face)[0] == pytest.approx(92, abs=2)


@pytest.mark.parametrize(("moved_px", "fits"), [(0, 1), (2, 1), (25, 2)])
def test_a_face_that_stays_is_aligned_by_its_last_mesh_and_one_that_jumps_anew(
    disc_world, finder, moved_px, fits
):
    person = boxes([60, 30, 140, 230])
    (before,) = finder.find(disc_world.picture((100, 60), radius=16), person, [None])
    already = disc_world.facemesh.runs

    (face,) = finder.find(disc_world.picture((100 + moved_px, 60), radius=16), person, [before])

    assert already == 2  # as the keypoints suggest, then as that mesh does
    assert disc_world.facemesh.runs - already == fits
    assert centre_of(face)[0] == pytest.approx(100 + moved_px, abs=1.5)


def test_a_face_that_is_gone_is_gone_at_once(disc_world, finder):
    person = boxes([60, 30, 140, 230])
    (before,) = finder.find(disc_world.picture((100, 60)), person, [None])

    assert finder.find(disc_world.picture(), person, [before]) == [None]


@given(st.floats(20, 600), st.floats(20, 600))
def test_the_head_square_begins_at_the_top_and_grows_with_the_person(width, height):
    square = head_square(np.array([10, 20, 10 + width, 20 + height], np.float32))

    assert square.x == pytest.approx(10 + width / 2, rel=1e-4)
    # a little above the box, since detectors cut hair
    assert square.y - square.size / 2 == pytest.approx(20 - 0.05 * square.size, rel=1e-3)
    assert square.size >= 1.2 * 0.35 * height * 0.999


def test_sightings_of_one_face_in_several_squares_count_once():
    def sighting(x, score):
        points = np.full((1, 8, 2), x, np.float32)
        points[0, 1] += 20
        return SsdDetections(points, np.array([score], np.float32))

    seen = each_once([sighting(0, 0.6), sighting(2, 0.9), sighting(60, 0.7)])

    assert seen.scores.tolist() == pytest.approx([0.9, 0.7])
    assert seen.points[:, 0, 0].tolist() == [2, 60]
