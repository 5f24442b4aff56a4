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
from stream.annotate.layout import REMEMBERED, Layout, places_at
from stream.annotate.pen import GREY, WHITE, Colour, Pen
from stream.annotate.person import PALETTE, draw_person
from stream.console import media_time

FOOT_SIZE: Final = 11.0
FOOT_ROW: Final = 15.0
FOOT_BASE: Final = 12.0  # of the first row, below the upper edge
FOOT_EDGE: Final = 3.0
MARGIN: Final = 6.0
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
    """Draws the overlays of one video; people keep their colour in it, and cards their place."""

    _colours: dict[str, Colour] = field(default_factory=dict)
    _layout: Layout = field(default_factory=Layout)
    _met: int = 0

    def paint(self, image: UInt8[ndarray, "H W 3"], overlay: Overlay) -> UInt8[ndarray, "H W 3"]:
        """Return a copy of a frame's picture with everything drawn on it."""
        pen = Pen(np.array(image, dtype=np.uint8, order="C"))
        people = sorted(overlay.scene.observations, key=lambda person: person.track_id)
        for person in people:
            draw_person(pen, person, self._colour(person.person_id))
        floor = pen.height - _foot_height(pen, overlay.policy)
        _foot(pen, overlay, floor)
        self._cards(pen, people, overlay.readings, floor)
        return pen.image

    def _cards(
        self,
        pen: Pen,
        people: list[Observation],
        readings: Mapping[str | None, Reading],
        floor: int,
    ) -> None:
        """Give each reading its card, at its person; that of somebody unseen in the corner."""
        boxes = {person.person_id: person.box_xyxy for person in people if person.person_id}
        faces = [person.face_xyxy for person in people if person.face_xyxy is not None]
        corner = np.array([0, 0, 0, floor], dtype=np.float32)
        taken: list[Float32[ndarray, " 4"]] = []
        for person_id, reading in readings.items():
            if person_id is NOBODY and len(readings) > 1:
                continue  # it speaks of another moment than the reading of somebody
            box = corner if person_id is NOBODY else boxes.get(person_id, corner)
            places = places_at(box, card_size(pen, reading), (pen.width, floor), pen.px(MARGIN))
            place = self._layout.place(person_id, places, faces, taken)
            taken.append(place)
            draw_card(pen, reading, int(place[0]), int(place[1]), self._colour(person_id))

    def _colour(self, person_id: str | None) -> Colour:
        """Return a person's colour, the next one for somebody new."""
        if person_id is None:
            return GREY
        if person_id not in self._colours:
            self._colours[person_id] = PALETTE[self._met % len(PALETTE)]
            self._met += 1
            if len(self._colours) > REMEMBERED:
                del self._colours[next(iter(self._colours))]
        return self._colours[person_id]


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
