import numpy as np

from engines.perception.keypoints.numberings import (
    BODY_FROM_COCO,
    BODY_FROM_POSE,
    COCO_FACE,
    COCO_LEFT_HAND,
    COCO_POINTS,
    COCO_RIGHT_HAND,
    IBUG_FROM_MESH,
)
from engines.spec import skeleton
from engines.spec.skeleton import BODY_NAMES, EDGES, MIRROR, NAMES, PARTS, POINTS


def test_the_parts_tile_the_skeleton_body_left_hand_right_hand_face():
    covered = [place for part in PARTS.values() for place in range(part.start, part.stop)]

    assert covered == list(range(POINTS))
    assert list(PARTS) == ["body", "left_hand", "right_hand", "face"]
    assert [part.stop - part.start for part in PARTS.values()] == [25, 21, 21, 70]


def test_every_point_has_a_name_of_its_own():
    assert len(NAMES) == len(set(NAMES)) == POINTS
    assert (NAMES[0], NAMES[25], NAMES[46], NAMES[67]) == (
        "nose",
        "left_hand_wrist",
        "right_hand_wrist",
        "face_contour_0",
    )
    assert NAMES[-2:] == ("face_right_pupil", "face_left_pupil")


def test_a_mirror_twice_is_no_mirror():
    np.testing.assert_array_equal(MIRROR[MIRROR], np.arange(POINTS))


def test_the_mirror_swaps_left_and_right_and_nothing_else():
    swap = {"left": "right", "right": "left"}
    for place, other in enumerate(MIRROR):
        words = NAMES[place].split("_")
        if words[-1].isdigit():  # contours, brows, lids, lips: which one is a matter of geometry
            sides = [swap.get(word, word) for word in words[:-1]]
            assert NAMES[other].rsplit("_", 1)[0] == "_".join(sides)
        else:
            assert NAMES[other] == "_".join(swap.get(word, word) for word in words)


def test_mirrored_edges_are_edges():
    for pairs in (EDGES["body"], EDGES["face"], EDGES["left_hand"] + EDGES["right_hand"]):
        drawn = {frozenset(pair) for pair in pairs}

        assert {frozenset(MIRROR[list(pair)].tolist()) for pair in pairs} == drawn


def test_edges_stay_inside_their_part_and_reach_all_of_it():
    for name, part in PARTS.items():
        ends = {end for pair in EDGES[name] for end in pair}

        assert ends <= set(range(part.start, part.stop))
        lonely = set(range(part.start, part.stop)) - ends
        assert {NAMES[end] for end in lonely} <= {"face_right_pupil", "face_left_pupil"}


def test_what_mediapipe_has_of_the_body_is_all_but_the_derived_and_the_small_toes():
    given = {to for to, _ in BODY_FROM_POSE}

    assert {BODY_NAMES[to] for to in set(range(25)) - given} == {
        "neck",
        "mid_hip",
        "left_small_toe",
        "right_small_toe",
    }
    assert len(IBUG_FROM_MESH) == len(set(IBUG_FROM_MESH)) == 68
    assert max(IBUG_FROM_MESH) < 468


def test_what_coco_has_is_all_but_the_derived():
    given = {to for to, _ in BODY_FROM_COCO}

    assert {BODY_NAMES[to] for to in set(range(25)) - given} == {"neck", "mid_hip"}
    taken = [take for _, take in BODY_FROM_COCO]
    for part in (COCO_FACE, COCO_LEFT_HAND, COCO_RIGHT_HAND):
        taken += range(part.start, part.stop)
    assert sorted(taken) == list(range(COCO_POINTS))


def test_the_face_of_either_numbering_ends_with_the_pupils():
    assert skeleton.FACE_NAMES[68:] == ("right_pupil", "left_pupil")
    assert COCO_FACE.stop - COCO_FACE.start == len(skeleton.FACE_NAMES) - 2
