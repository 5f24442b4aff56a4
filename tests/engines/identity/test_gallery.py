import numpy as np
import pytest

from engines.perception.identity.gallery import FACES_HELD, NOVEL, Gallery


@pytest.fixture
def gallery():
    return Gallery(3)


def test_the_likest_comes_first_with_the_distance_to_the_nearest_face(gallery, look):
    gallery.admit("p1", look("a"))
    gallery.admit("p2", look("b"))
    gallery.learn("p2", look("b", off=0.5))

    first, second = gallery.likenesses(look("b", off=0.4))

    assert (first.person_id, second.person_id) == ("p2", "p1")
    assert first.face == pytest.approx(0.1, abs=1e-6)
    assert second.face == pytest.approx(np.hypot(1, 0.4), abs=1e-6)


def test_colours_are_those_seen_last(gallery, look):
    gallery.admit("p1", look("a", shade=1))
    gallery.learn("p1", look("a", shade=2))

    assert gallery.likenesses(look("a", shade=2))[0].colours == pytest.approx(0)
    assert gallery.likenesses(look("a", shade=1))[0].colours == pytest.approx(np.sqrt(2))


def test_colours_of_a_picture_are_unknown(gallery, look):
    gallery.admit("p1", look("a", shade=None))

    assert gallery.likenesses(look("a"))[0].colours is None


def test_a_face_that_is_known_already_is_not_kept_twice(gallery, look):
    gallery.admit("p1", look("a"))
    for _ in range(5):
        gallery.learn("p1", look("a", off=NOVEL - 0.01))

    assert gallery.likenesses(look("a", off=NOVEL))[0].face == pytest.approx(NOVEL)


def test_of_a_person_the_first_face_and_the_most_different_ones_are_kept(gallery, look):
    gallery.admit("p1", look("a"))
    for step in range(1, 3 * FACES_HELD):
        gallery.learn("p1", look("a", off=step * 0.31))

    assert len(gallery._persons["p1"].faces) == FACES_HELD
    assert gallery.likenesses(look("a"))[0].face == pytest.approx(0, abs=1e-6)


def test_the_one_not_seen_for_longest_makes_room(gallery, look):
    for number, letter in enumerate("abc", start=1):
        gallery.admit(f"p{number}", look(letter))
    gallery.learn("p1", look("a"))
    gallery.admit("p4", look("d"))

    assert [f"p{n}" in gallery for n in (1, 2, 3, 4)] == [True, False, True, True]


def test_the_enrolled_person_never_makes_room(gallery, look):
    gallery.admit("subject", look("a"), enrolled=True)
    for number, letter in enumerate("bcdef", start=1):
        gallery.admit(f"p{number}", look(letter))

    assert len(gallery) == 4
    assert "subject" in gallery


def test_two_who_were_seen_together_are_remembered_as_two(gallery, look):
    for number, letter in enumerate("abc", start=1):
        gallery.admit(f"p{number}", look(letter))
    gallery.meet(["p1", "p2"])

    assert gallery.met("p1", "p2")
    assert gallery.met("p2", "p1")
    assert not gallery.met("p1", "p3")


def test_folding_gives_one_persons_faces_and_meetings_to_another(gallery, look):
    gallery.admit("p1", look("a"))
    gallery.admit("p2", look("a", off=0.45))
    gallery.admit("p3", look("c"))
    gallery.meet(["p2", "p3"])
    gallery.fold("p2", into="p1")

    assert "p2" not in gallery
    assert gallery.met("p1", "p3")
    assert gallery.likenesses(look("a", off=0.45))[0].face == pytest.approx(0, abs=1e-6)
