"""Who is who in two scenes of one frame."""

import numpy as np

from engines.spec.observation import Observation
from stream.comparison.keypoints import same_persons


def seen(track_id, *box):
    return Observation(
        source="s",
        epoch=0,
        shot=0,
        track_id=track_id,
        person_id=f"p{track_id}",
        box_xyxy=np.array(box, np.float32),
        score=0.9,
        time_s=0.0,
        arrived_s=0.0,
    )


def tracks(first, second):
    return [
        (one and one.track_id, other and other.track_id)
        for one, other in same_persons(first, second)
    ]


def test_persons_are_paired_by_their_boxes_whatever_they_are_called():
    left, right = (0, 0, 100, 300), (200, 0, 300, 300)
    first = [seen(1, *left), seen(2, *right)]
    second = [seen(1, 205, 5, 305, 300), seen(2, *left)]
    assert tracks(first, second) == [(1, 2), (2, 1)]


def test_who_has_no_match_stands_alone():
    first = [seen(1, 0, 0, 100, 300)]
    second = [seen(7, 500, 0, 600, 300)]
    assert tracks(first, second) == [(1, None), (None, 7)]


def test_nobody_is_paired_with_nobody():
    assert tracks([], []) == []
    assert tracks([seen(1, 0, 0, 9, 9)], []) == [(1, None)]
    assert tracks([], [seen(1, 0, 0, 9, 9)]) == [(None, 1)]
