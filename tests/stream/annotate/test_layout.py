import numpy as np
import pytest

from stream.annotate.layout import REMEMBERED, Layout, places_at, shared_px

CARD, ROOM, MARGIN = (120, 40), (640, 320), 6


def box(*corners):
    return np.array(corners, np.float32)


def places(person):
    return places_at(person, CARD, ROOM, MARGIN)


@pytest.mark.parametrize(
    "person",
    [box(200, 40, 400, 250), box(0, 0, 640, 360), box(-80, -50, 30, 20), box(600, 300, 700, 400)],
    ids=["whole", "close-up", "leaving", "in the corner"],
)
def test_every_place_is_in_the_room(person):
    for place in places(person):
        assert (place >= 0).all()
        assert (place[2:] <= ROOM).all()
        assert (place[2:] - place[:2]).tolist() == list(CARD)


def test_the_best_place_is_below_the_person():
    place = Layout().place("p1", places(box(200, 40, 400, 250)), faces=[], taken=[])
    assert place[1] == 250 + MARGIN


def test_a_close_up_has_its_card_beside_the_face_and_not_on_it():
    face = box(340, 60, 560, 320)
    place = Layout().place("p1", places(box(260, 0, 630, 360)), faces=[face], taken=[])
    assert shared_px(place, face) == 0
    assert place[2] <= 260


def test_a_card_stays_at_its_place_while_the_face_moves_by_a_little():
    layout, person = Layout(), box(100, 0, 500, 360)
    first = layout.place("p1", places(person), faces=[box(220, 60, 380, 262)], taken=[])
    for step in range(10):
        face = box(220, 60, 380, 262 + step % 2)  # hides a corner of the best place, and does not
        assert (layout.place("p1", places(person), faces=[face], taken=[]) == first).all()


def test_a_card_moves_where_it_would_hide_a_face():
    layout, person = Layout(), box(100, 0, 500, 360)
    first = layout.place("p1", places(person), faces=[], taken=[])
    face = box(100, 240, 300, 320)
    moved = layout.place("p1", places(person), faces=[face], taken=[])
    assert shared_px(first, face) > 0
    assert shared_px(moved, face) == 0


def test_cards_do_not_lie_on_each_other():
    layout, person = Layout(), box(200, 40, 400, 250)
    one = layout.place("p1", places(person), faces=[], taken=[])
    other = layout.place("p2", places(person), faces=[], taken=[one])
    assert shared_px(one, other) == 0


def test_of_a_crowd_that_passes_only_so_many_places_are_remembered():
    layout = Layout()
    for number in range(3 * REMEMBERED):
        layout.place(f"p{number}", places(box(200, 40, 400, 250)), faces=[], taken=[])
    assert len(layout._chosen) == REMEMBERED
