"""A person on the picture: box, name, face, and the 137 points with the bones between them."""

from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.spec.observation import Observation
from engines.spec.skeleton import EDGES, LEFT_PUPIL, PARTS, RIGHT_PUPIL
from stream.annotate.pen import BOLD, DARK, WHITE, Colour, Pen

PALETTE: Final[tuple[Colour, ...]] = (
    (86, 180, 233), (230, 159, 0), (0, 190, 140), (240, 228, 66), (204, 121, 167), (213, 94, 0),
)  # fmt: skip
"""Okabe and Ito's colours, which the colour-blind tell apart; one a person, in order of coming."""

HANDS: Final[dict[str, Colour]] = {"left_hand": (255, 200, 87), "right_hand": (120, 230, 160)}
FACE_LINES: Final[Colour] = (235, 235, 235)
LINE_UNITS: Final = {"body": 1.8, "left_hand": 1.2, "right_hand": 1.2, "face": 0.8}
DOT_UNITS: Final = {"body": 2.4, "left_hand": 1.4, "right_hand": 1.4, "face": 0.0}
PUPIL_UNITS: Final = 2.0

NAME_SIZE: Final = 12.0
UNDECIDED: Final = "?"  # who it is will be known in some frames


def draw_person(pen: Pen, person: Observation, colour: Colour) -> None:
    """Draw a person under the readings."""
    pen.frame(person.box_xyxy, colour, 1.4)
    if person.keypoints is not None:
        draw_keypoints(pen, person.keypoints, colour)
    if person.face_xyxy is not None:
        pen.corners(person.face_xyxy, WHITE, 1.2)
    _name(pen, person, colour)


def draw_keypoints(pen: Pen, keypoints: Float32[ndarray, "137 3"], colour: Colour) -> None:
    """Draw bones and points; a point with score 0 was not seen and is not drawn."""
    seen = keypoints[:, 2] > 0
    places = keypoints[:, :2]
    for part, points in PARTS.items():
        tint = HANDS.get(part, FACE_LINES if part == "face" else colour)
        for first, second in EDGES[part]:
            if seen[first] and seen[second]:
                pen.line(places[first], places[second], tint, LINE_UNITS[part])
        if DOT_UNITS[part]:
            for place in places[points][seen[points]]:
                pen.dot(place, WHITE, DOT_UNITS[part] / 2)
    for pupil in (RIGHT_PUPIL, LEFT_PUPIL):
        if seen[pupil]:
            pen.dot(places[pupil], WHITE, PUPIL_UNITS / 2)


def _name(pen: Pen, person: Observation, colour: Colour) -> None:
    """Write who it is on a label over the upper left corner, inside where there is no room."""
    x, y = (int(c) for c in np.round(person.box_xyxy[:2]))
    name = person.person_id or UNDECIDED
    width = pen.text_width(name, size=NAME_SIZE, weight=BOLD) + 2 * pen.px(5)
    height = pen.px(NAME_SIZE + 5)
    x = min(max(x, 0), max(pen.width - width, 0))
    top = y - height if y >= height else max(y, 0)
    pen.bar(x, top, width, height, colour)
    base = top + height - pen.px(4.5)
    pen.text(name, x + pen.px(5), base, DARK, size=NAME_SIZE, weight=BOLD)
