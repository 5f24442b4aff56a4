"""Who is who, in a world whose faces are letters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.config import IdentityConfig
from engines.perception.identity.people import People

HZ = 10


class Watch:
    """Shows frames to the people of one source, ten a second: ``watch({1: face, 2: None})``."""

    def __init__(self, config=None, enrolled=None):
        self.people = People(config or IdentityConfig(), enrolled)
        self.time_s = 0.0
        self.looks = 0
        self.strangers = ()

    def __call__(self, tracks, *, after_s=1 / HZ):
        self.time_s += after_s

        def describe(track_id):
            self.looks += 1
            return tracks[track_id]

        faces = [track for track, face in tracks.items() if face is not None]
        found = self.people.identify(tuple(tracks), self.time_s, faces=faces, describe=describe)
        self.strangers = found.strangers
        return found.persons

    def cut(self):
        self.people.restart()

    def seconds(self, seconds, tracks):
        """Show the same for a while; return what each track was in each frame."""
        return [self(tracks) for _ in range(round(seconds * HZ))]


@pytest.fixture
def watch():
    return Watch()


def test_the_first_people_are_known_at_once_and_have_numbers_of_their_own(watch, look):
    assert watch({1: look("a"), 2: look("b"), 3: None}) == {1: "p1", 2: "p2", 3: "p3"}


def test_without_a_face_embedder_every_track_is_a_person_of_its_own():
    people = People(IdentityConfig())

    def who(*tracks, time_s):
        return people.identify(tracks, time_s, faces=tracks, describe=None).persons

    assert who(7, time_s=0.0) == {7: "p1"}
    assert who(7, 8, time_s=0.1) == {7: "p1", 8: "p2"}
    people.restart()
    assert who(9, time_s=0.2) == {9: "p3"}


def test_after_a_cut_a_known_face_is_known_in_the_first_frame(watch, look):
    watch({1: look("a")})
    watch.cut()

    assert watch({2: look("a", off=0.4)}) == {2: "p1"}


def test_somebody_new_after_a_cut_is_decided_with_the_third_face(watch, look):
    watch({1: look("a")})
    watch.cut()

    assert [watch({2: look("b")})[2] for _ in range(4)] == [None, None, "p2", "p2"]


def test_a_face_is_looked_at_rarely_once_it_is_known(watch, look):
    watch.seconds(5, {1: look("a")})

    assert watch.looks == 10


def test_a_track_keeps_its_person_through_faces_in_doubt(watch, look):
    watch.seconds(1, {1: look("a")})

    seen = watch.seconds(3, {1: look("a", off=0.58)})

    assert {frame[1] for frame in seen} == {"p1"}


def test_a_hand_before_the_face_for_half_a_second_changes_nothing(watch, look):
    watch.seconds(1, {1: look("a")})

    seen = watch.seconds(0.6, {1: look("a", off=0.9)}) + watch.seconds(2, {1: look("a")})

    assert {frame[1] for frame in seen} == {"p1"}


def test_in_doubt_colours_that_agree_decide_for_the_known(watch, look):
    watch({1: look("a", shade=5)})
    watch.cut()

    seen = watch.seconds(0.5, {2: look("a", off=0.55, shade=5)})

    assert [frame[2] for frame in seen] == [None, None, "p1", "p1", "p1"]


def test_a_doubt_that_stays_makes_a_new_person_when_the_time_is_over(watch, look):
    watch({1: look("a", shade=5)})
    watch.cut()

    seen = [frame[2] for frame in watch.seconds(1.5, {2: look("a", off=0.55, shade=9)})]

    assert seen == [None] * 10 + ["p2"] * 5


def test_two_known_people_who_are_about_as_like_are_a_doubt(watch, look):
    watch({1: look("a", off=0.0), 2: look("a", off=0.7)})
    watch.cut()

    assert watch({3: look("a", off=0.36)}) == {3: None}


def test_somebody_in_the_picture_is_nobody_else_however_alike(watch, look):
    watch.seconds(1, {1: look("a")})

    seen = [frame[2] for frame in watch.seconds(1.5, {1: look("a"), 2: look("a", off=0.1)})]

    assert set(seen) == {None, "p2"}


def test_of_two_who_are_like_one_known_person_the_liker_is_it(watch, look):
    watch({1: look("a")})
    watch.cut()

    seen = watch.seconds(1.5, {2: look("a", off=0.3), 3: look("a", off=0.1)})

    assert [frame[3] for frame in seen] == ["p1"] * len(seen)
    assert "p1" not in {frame[2] for frame in seen}


def test_numbers_are_never_given_again(watch, look):
    config = IdentityConfig(max_persons=2)
    watch = Watch(config)
    numbers = []
    for track, letter in enumerate("abcdabcd"):
        watch.cut()
        numbers.append(watch.seconds(0.5, {track: look(letter)})[-1][track])

    assert len(set(numbers)) == len(numbers) == 8


def test_who_has_no_face_is_somebody_after_a_while_and_the_known_one_when_the_face_shows(
    watch, look
):
    watch({1: look("a")})
    watch.cut()

    unseen = [frame[2] for frame in watch.seconds(1.5, {2: None})]
    turned = watch({2: look("a")})

    assert unseen == [None] * 10 + ["p2"] * 5
    assert turned == {2: None}
    assert watch.strangers == (2,)
    assert watch({3: look("a")}) == {3: "p1"}


def test_who_had_no_face_keeps_the_number_when_the_face_is_nobodys(watch, look):
    watch({1: look("a")})
    watch.cut()
    watch.seconds(1.5, {2: None})

    seen = watch.seconds(1, {2: look("b")})

    assert {frame[2] for frame in seen} == {"p2"}
    watch.cut()
    assert watch({3: look("b")}) == {3: "p2"}


def test_two_tracks_that_were_mixed_up_are_ended_and_both_people_found_again(watch, look):
    watch.seconds(1, {1: look("a"), 2: look("b")})

    ended = set()
    tracks = {1: look("b"), 2: look("a")}
    for _ in range(10):
        persons = watch(tracks)
        for track in watch.strangers:  # as the observer does
            ended.add(track)
            tracks[track + 10] = tracks.pop(track)

    assert ended == {1, 2}
    assert persons == {11: "p2", 12: "p1"}


def test_a_track_that_became_an_unknown_person_is_ended_within_a_second(watch, look):
    watch.seconds(1, {1: look("a")})

    frames = 0
    while not watch.strangers:
        watch({1: look("c")})
        frames += 1

    assert frames <= 15


def test_a_lost_track_that_comes_back_when_its_person_has_another_is_ended(watch, look):
    watch.seconds(1, {1: look("a")})
    assert watch({2: look("a")}) == {2: "p1"}

    assert watch({1: look("a"), 2: look("a")}) == {1: None, 2: "p1"}
    assert watch.strangers == (1,)


def test_two_numbers_of_one_person_become_one_when_a_face_is_between_them(watch, look):
    watch({1: look("a", shade=5)})
    watch.cut()
    assert watch.seconds(1.5, {2: look("a", off=0.55, shade=9)})[-1] == {2: "p2"}
    watch.seconds(1, {2: look("a", off=0.2)})  # a face that shows how close they lie
    watch.cut()

    assert watch({3: look("a", off=0.3)}) == {3: "p1"}
    watch.cut()
    assert watch({4: look("a", off=0.55)}) == {4: "p1"}


def test_the_person_of_the_picture_is_the_subject_when_seen(look):
    watch = Watch(enrolled=look("b", shade=None))

    assert watch.seconds(0.5, {1: look("a")})[-1] == {1: "p1"}
    assert watch({1: look("a"), 2: look("b")}) == {1: "p1", 2: "subject"}


def test_the_person_of_the_picture_is_found_by_a_face_in_doubt(look):
    watch = Watch(enrolled=look("a", shade=None))

    assert watch.seconds(0.3, {1: look("a", off=0.58)})[-1] == {1: "subject"}


SHOTS = st.lists(
    st.tuples(st.lists(st.sampled_from("abcdef"), max_size=4, unique=True), st.booleans()),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(SHOTS)
def test_whatever_is_shown_nobody_has_two_tracks_and_a_letter_has_one_person(look, shots):
    watch = Watch()
    owners = {}
    for number, (letters, cut) in enumerate(shots):
        if cut:
            watch.cut()
        tracks = {10 * number + place: look(letter) for place, letter in enumerate(letters)}
        for persons in watch.seconds(1.2, tracks):
            known = [person for person in persons.values() if person is not None]
            assert len(known) == len(set(known))
            for track, person in persons.items():
                if person is not None:
                    letter = letters[track - 10 * number]
                    assert owners.setdefault(person, letter) == letter
        assert None not in persons.values()
    assert len(owners) == len(set(owners.values()))
