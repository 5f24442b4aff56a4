"""Everything that is drawn on one frame: people, their readings, and what the readings are for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from engines.spec.observation import Observation, Scene
from engines.spec.reading import PolicyNote, Reading
from stream.annotate.board import NOBODY
from stream.annotate.card import card_size, draw_card
from stream.annotate.pen import GREY, WHITE, Colour, Pen
from stream.annotate.person import PALETTE, draw_person
from stream.console import media_time

FOOT_SIZE: Final = 11.0
FOOT_ROW: Final = 15.0
FOOT_BASE: Final = 12.0  # of the first row, below the upper edge
FOOT_EDGE: Final = 3.0
MARGIN: Final = 6.0
HIDING_A_CARD: Final = 3.0  # as bad as hiding so much more of a face
MEANING: Final = "surface: what the face shows now, not what is felt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What is to be drawn on a frame.

    Attributes:
        scene: Who is in it.
        readings: The newest reading of each person as of the frame; under ``NOBODY``, that nobody
            was seen.
        policy: What the readings are for, and what the people watched were told.
    """

    scene: Scene
    readings: Mapping[str | None, Reading]
    policy: PolicyNote | None


@dataclass(slots=True)
class Painter:
    """Draws the overlays of one video; people keep their colour in it."""

    _colours: dict[str, Colour] = field(default_factory=dict)

    def paint(self, image: UInt8[ndarray, "H W 3"], overlay: Overlay) -> UInt8[ndarray, "H W 3"]:
        """Return a copy of a frame's picture with everything drawn on it."""
        pen = Pen(np.array(image, dtype=np.uint8, order="C"))
        people = sorted(overlay.scene.observations, key=lambda person: person.track_id)
        for person in people:
            draw_person(pen, person, self._colour(person.person_id))
        floor = pen.height - _foot_height(pen, overlay.policy)
        _foot(pen, overlay, floor)
        _cards(pen, people, overlay.readings, self._colours, floor)
        return pen.image

    def _colour(self, person_id: str | None) -> Colour:
        if person_id is None:
            return GREY
        return self._colours.setdefault(person_id, PALETTE[len(self._colours) % len(PALETTE)])


def _cards(
    pen: Pen,
    people: list[Observation],
    readings: Mapping[str | None, Reading],
    colours: Mapping[str, Colour],
    floor: int,
) -> None:
    """Give each reading its card, at its person; one of somebody unseen goes into the corner."""
    boxes = {person.person_id: person.box_xyxy for person in people if person.person_id}
    faces = [person.face_xyxy for person in people if person.face_xyxy is not None]
    corner = np.array([0, 0, 0, floor], dtype=np.float32)
    taken: list[Float32[ndarray, " 4"]] = []
    for person_id, reading in readings.items():
        if person_id is NOBODY and len(readings) > 1:
            continue  # it speaks of another moment than the reading of somebody
        size = card_size(pen, reading)
        places = _places(pen, boxes.get(person_id or "", corner), size, floor)
        hidden = [
            sum(_shared(place, face) for face in faces)
            + HIDING_A_CARD * sum(_shared(place, card) for card in taken)
            for place in places
        ]
        best = places[int(np.argmin(hidden))]
        taken.append(best)
        colour = colours.get(person_id or "", GREY)
        draw_card(pen, reading, int(best[0]), int(best[1]), colour)


def _places(
    pen: Pen, box_xyxy: Float32[ndarray, " 4"], size: tuple[int, int], floor: int
) -> list[Float32[ndarray, " 4"]]:
    """Return where a person's card may lie, the best place first; all of it in the picture."""
    (x1, y1, x2, y2), (width, height), margin = box_xyxy.tolist(), size, pen.px(MARGIN)
    inside, beside = (x1 + margin, x2 - margin - width), (x1 - margin - width, x2 + margin)
    below, rows = y2 + margin, np.arange(y2 - margin - height, y1, -height / 2).tolist()
    wanted = [(inside[0], below), *((x, y) for y in rows for x in inside)]
    wanted += [(x, y) for y in rows for x in beside]
    places = []
    for x, y in wanted:
        left = min(max(x, margin), max(pen.width - width - margin, 0))
        top = min(max(y, margin), max(floor - height - margin, 0))
        places.append(np.array([left, top, left + width, top + height], dtype=np.float32).round())
    return places


def _shared(one: Float32[ndarray, " 4"], other: Float32[ndarray, " 4"]) -> float:
    """Return the area, in pixels, that two boxes share."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    return float(np.clip(sides, 0, None).prod())


def _foot_height(pen: Pen, policy: PolicyNote | None) -> int:
    return pen.px(FOOT_ROW) * len(_foot_lines(policy)) + pen.px(FOOT_EDGE)


def _foot_lines(policy: PolicyNote | None) -> list[str]:
    if policy is None:
        return [MEANING]
    notice = f"  ·  notice: {policy.notice}" if policy.notice else ""
    return [MEANING, f"purpose: {policy.purpose}{notice}"]


def _foot(pen: Pen, overlay: Overlay, floor: int) -> None:
    """Write below everything what the words above mean, and what for."""
    pen.panel(0, floor, pen.width, pen.height - floor, cover=0.7)
    margin, base = pen.px(MARGIN), floor + pen.px(FOOT_BASE)
    clock = f"{overlay.scene.source}  {media_time(overlay.scene.time_s)}"
    clock_width = pen.text_width(clock, size=FOOT_SIZE)
    for place, line in enumerate(_foot_lines(overlay.policy)):
        room = pen.width - 2 * margin - (clock_width + margin if place == 0 else 0)
        colour = WHITE if place == 0 else GREY
        line_base = base + place * pen.px(FOOT_ROW)
        pen.text(pen.fit(line, room, size=FOOT_SIZE), margin, line_base, colour, size=FOOT_SIZE)
    pen.text(clock, pen.width - margin - clock_width, base, GREY, size=FOOT_SIZE)
