import numpy as np

from engines.perception.keypoints.followed import FollowedPeople, Seen
from engines.perception.keypoints.network import Keypoints
from engines.spec.frame import Frame

IMAGE = np.zeros((90, 160, 3), np.uint8)
BOX = np.array([0, 0, 50, 90], np.float32)


class Counting:
    """A network whose tracks answer with how often they were asked."""

    name = "counting"

    def __init__(self):
        self.followed = 0
        self.sights = []

    def follow(self):
        self.followed += 1
        return CountingTrack(self)


class CountingTrack:
    def __init__(self, network):
        self.network = network
        self.asked = 0

    def find(self, sight):
        return self.complete(sight, self.body(sight), self.pupils(sight))

    def body(self, sight):
        return None

    def pupils(self, sight):
        return None

    def complete(self, sight, pose, pupils):
        self.network.sights.append(sight)
        self.asked += 1
        if not sight.box_xyxy.any():
            return None
        points = np.full((137, 3), self.asked, np.float32)
        return Keypoints(points=points, left_hand=False, right_hand=False)


def frame(index):
    return Frame(
        source="test",
        epoch=0,
        shot=0,
        index=index,
        time_s=index / 25,
        captured_at=None,
        arrived_s=0.0,
        image=IMAGE,
    )


def find(followed, network, people, index=0):
    followed.follow(network, [person.track_id for person in people])
    bodies = followed.bodies(frame(index), people)
    pupils = followed.pupils(frame(index), people)
    return followed.complete(frame(index), people, bodies=bodies, pupils=pupils)


def asked(followed, network, *track_ids, index=0):
    people = [Seen(track_id, BOX, None) for track_id in track_ids]
    found = find(followed, network, people, index)
    return {track_id: int(keypoints.points[0, 0]) for track_id, keypoints in found.items()}


def test_each_person_is_followed_by_a_track_of_their_own():
    followed, network = FollowedPeople(), Counting()

    assert asked(followed, network, 1, 2) == {1: 1, 2: 1}
    assert asked(followed, network, 1, 2, 3) == {1: 2, 2: 2, 3: 1}
    assert network.followed == 3


def test_who_was_away_begins_anew():
    followed, network = FollowedPeople(), Counting()
    asked(followed, network, 1, 2)
    asked(followed, network, 1)

    assert asked(followed, network, 1, 2) == {1: 3, 2: 1}


def test_a_restart_forgets_everybody():
    followed, network = FollowedPeople(), Counting()
    asked(followed, network, 1)
    followed.restart()

    assert asked(followed, network, 1) == {1: 1}


def test_a_track_is_told_where_its_person_is_and_when():
    followed, network = FollowedPeople(), Counting()
    asked(followed, network, 7, index=50)
    (sight,) = network.sights

    assert (sight.index, sight.time_s) == (50, 2.0)
    np.testing.assert_array_equal(sight.box_xyxy, BOX)
    assert sight.face is None
    assert sight.image is IMAGE


def test_of_whom_nothing_is_seen_has_no_keypoints_but_is_followed_on():
    followed, network = FollowedPeople(), Counting()
    hidden = Seen(1, np.zeros(4, np.float32), None)

    assert find(followed, network, [hidden]) == {}
    assert asked(followed, network, 1) == {1: 2}


def test_somebody_met_since_the_bodies_were_found_waits_for_the_next_frame():
    followed, network = FollowedPeople(), Counting()
    known, met = Seen(1, BOX, None), Seen(2, BOX, None)
    followed.follow(network, [1])
    bodies = followed.bodies(frame(0), [known])
    found = followed.complete(frame(0), [known, met], bodies=bodies, pupils={})

    assert set(found) == {1}
