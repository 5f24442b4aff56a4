from dataclasses import replace

import numpy as np
import pytest

from engines.spec.reading import Fused, PolicyNote
from engines.spec.skeleton import EDGES, INDEX
from stream.annotate.card import card_size, lines_of
from stream.annotate.overlay import Overlay, Painter
from stream.annotate.pen import Pen

SIZES = [(360, 640), (1080, 1920), (144, 176), (640, 360)]
POLICY = PolicyNote(purpose="research", notice="Die Teilnehmenden haben eingewilligt.")
FOOT = 0.86  # above it there is no line of text at the bottom, in any size


@pytest.fixture
def paint(frame, grey, seen):
    """Draw on a grey picture; return what changed, as a mask."""

    def draw(*boxes, size=(360, 640), readings=None, policy=None, painter=None, **more):
        image = grey(90, *size)
        scene = seen(frame(1.0, image), *boxes, **more)
        overlay = Overlay(scene=scene, readings=readings or {}, policy=policy)
        drawn = (painter or Painter()).paint(image, overlay)
        assert (image == 90).all()
        return (drawn != image).any(2)

    return draw


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_box_is_drawn_around_the_person_and_the_rest_is_left_alone(paint, size):
    height, width = size
    x1, y1, x2, y2 = box = [0.3 * width, 0.3 * height, 0.6 * width, 0.8 * height]
    changed = paint(box, size=size)
    for x, y in ((x1, (y1 + y2) / 2), (x2, (y1 + y2) / 2), ((x1 + x2) / 2, y2)):
        assert changed[round(y), round(x)]
    middle = changed[int(y1 + 0.2 * height) : int(0.7 * height), int(0.4 * width) : int(x2) - 8]
    assert not middle.any()
    assert not changed[: int(0.1 * height), int(0.7 * width) :].any()


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_foot_says_what_a_surface_is_and_what_for(paint, size):
    height, _ = size
    for policy in (None, POLICY, replace(POLICY, notice="so " * 500)):
        changed = paint(size=size, policy=policy)
        assert changed[-3:].all()
        assert not changed[: int(0.75 * height)].any()


def test_keypoints_are_drawn_with_the_bones_between_those_that_were_seen(paint):
    keypoints = np.zeros((137, 3), np.float32)
    place = {"neck": (320, 80), "right_shoulder": (260, 100), "left_shoulder": (380, 100)}
    for name, (x, y) in place.items():
        keypoints[INDEX[name]] = (x, y, 0.9)
    keypoints[INDEX["right_elbow"]] = (100, 60, 0.0)  # not seen
    changed = paint([1, 1, 638, 300], keypoints=keypoints)
    assert changed[80, 320]
    assert changed[90, 290]  # half-way to the right shoulder
    assert not changed[60, 100]
    assert not changed[80, 180]  # half-way to where nothing was seen


def test_every_part_of_the_137_is_drawn(paint):
    for part, edges in EDGES.items():
        keypoints = np.zeros((137, 3), np.float32)
        first, second = edges[0]
        keypoints[first], keypoints[second] = (300, 100, 1), (340, 100, 1)
        assert paint([1, 1, 638, 300], keypoints=keypoints)[100, 320], part


def test_a_face_is_marked_by_its_corners(paint):
    changed = paint([1, 1, 638, 300], face_xyxy=np.array([200, 60, 300, 180], np.float32))
    for x, y in ((200, 60), (300, 60), (200, 180), (300, 180)):
        assert changed[y, x]
    assert not changed[120, 200]


def test_a_person_keeps_the_colour_in_one_video(frame, grey, seen):
    painter, image = Painter(), grey(90, 360, 640)
    two = seen(frame(1.0, image), [50, 50, 200, 250], [400, 50, 550, 250])
    of_the_second = [
        painter.paint(image, Overlay(scene=scene, readings={}, policy=None))[200, 400]
        for scene in (two, replace(two, observations=two.observations[1:]))
    ]
    assert (of_the_second[0] == of_the_second[1]).all()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("box", [(0.2, 0.1, 0.9, 0.99), (0.0, 0.0, 1.0, 1.0), (0.8, 0.7, 1.1, 1.2)])
def test_the_card_lies_in_the_picture_wherever_the_person_is(paint, a_reading, size, box):
    height, width = size
    xyxy = np.array(box, np.float32) * [width, height, width, height]
    without = paint(xyxy, size=size)
    changed = paint(xyxy, size=size, readings={"p1": a_reading}) & ~without
    card_width, card_height = card_size(Pen(np.zeros((*size, 3), np.uint8)), a_reading)
    rows, columns = np.nonzero(changed)
    assert changed.sum() > 0.3 * card_width * card_height
    assert rows.max() - rows.min() <= card_height
    assert columns.max() - columns.min() <= card_width


def test_a_card_hides_no_face(paint, a_reading):
    face = np.array([430, 200, 560, 320], np.float32)  # low in the box, where the card would lie
    box = [400, 20, 630, 330]
    changed = paint(box, readings={"p1": a_reading}, face_xyxy=face)
    without = paint(box, face_xyxy=face)
    x1, y1, x2, y2 = face.astype(int)
    assert (changed == without)[y1:y2, x1:x2].all()
    assert (changed != without).any()


def test_cards_of_several_people_do_not_hide_each_other(paint, a_reading):
    boxes = ([50, 20, 300, 300], [120, 20, 340, 300], [200, 20, 420, 300])
    readings = {f"p{k}": a_reading for k in (1, 2, 3)}
    card = card_size(Pen(np.zeros((360, 640, 3), np.uint8)), a_reading)
    changed = paint(*boxes, readings=readings) & ~paint(*boxes)
    assert changed.sum() > 2.5 * card[0] * card[1]


def test_a_reading_of_nobody_is_shown_where_nobody_is(paint, samples):
    assert (paint(readings={None: samples.nobody()}) & ~paint()).any()


def test_a_card_says_surface_with_its_probability(a_reading):
    (line,) = lines_of(a_reading)
    assert line.words == "surface: happy 0.70"
    assert line.valence == 0.55


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("nobody", "surface: nobody in the picture"),
        ("no_face", "surface: no face to read"),
        ("too_little_data", "surface: too little seen yet"),
    ],
)
def test_a_card_says_why_there_is_no_surface(samples, reason, words):
    nobody = samples.nobody()
    (line,) = lines_of(replace(nobody, abstained=replace(nobody.abstained, surface=reason)))
    assert (line.words, line.valence) == (words, None)


def test_the_other_reading_is_named_by_what_its_network_was_taught(a_reading):
    fused = Fused(
        label="positive",
        probabilities={"negative": 0.2, "neutral": 0.2, "positive": 0.6},
        valence=0.4,
        construct="expressed_valence",
        trained_on="synthetic",
        calibrated_on=None,
    )
    _, line = lines_of(replace(a_reading, fused=fused))
    assert line.words == "fused (expressed valence): positive 0.60"


def test_a_line_that_is_too_long_ends_with_an_ellipsis():
    pen = Pen(np.zeros((360, 640, 3), np.uint8))
    assert pen.fit("short", 300, size=11) == "short"
    cut = pen.fit("a line that is much too long for so little room", 100, size=11)
    assert cut.endswith("…")
    assert pen.text_width(cut, size=11) <= 100
