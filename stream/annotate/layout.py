"""Where the cards lie: at their person, on no face, on no other card, and where they lay before.

A card that jumped with every frame could not be read, so one stays where it is, relative to its
person, until it would hide something there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

Box = Float32[ndarray, " 4"]

ROWS: Final = 6  # heights at which a card may lie, from a person's feet to the head
HIDING_A_CARD: Final = 3.0  # as bad as hiding so much more of a face
TOLERATED: Final = 0.05  # of a card's area: what it may hide before it moves
REMEMBERED: Final = 64  # people


@dataclass(slots=True)
class Layout:
    """Lays out the cards of one video, frame after frame."""

    _chosen: dict[str | None, int] = field(default_factory=dict)

    def place(
        self,
        person_id: str | None,
        places: Sequence[Box],
        faces: Sequence[Box],
        taken: Sequence[Box],
    ) -> Box:
        """Return where a person's card lies.

        Args:
            person_id: Whose card it is.
            places: Where it may lie, the best place first; as many and as ordered in every frame.
            faces: What should not be hidden.
            taken: Where other cards lie already.
        """
        hidden = [
            sum(shared_px(place, face) for face in faces)
            + HIDING_A_CARD * sum(shared_px(place, card) for card in taken)
            for place in places
        ]
        best = int(np.argmin(hidden))
        last = self._chosen.pop(person_id, best)
        area = shared_px(places[best], places[best])
        chosen = last if hidden[last] <= hidden[best] + TOLERATED * area else best
        self._chosen[person_id] = chosen  # as the newest
        if len(self._chosen) > REMEMBERED:
            del self._chosen[next(iter(self._chosen))]
        return places[chosen]


def places_at(
    person_xyxy: Box, size: tuple[int, int], room: tuple[int, int], margin: int
) -> list[Box]:
    """Return where a person's card may lie, the best place first; all of it in the picture.

    Args:
        person_xyxy: The person.
        size: Width and height of the card.
        room: Width and height of the part of the picture that cards may lie in.
        margin: What stays free around a card.
    """
    (x1, y1, x2, y2), (width, height) = person_xyxy.tolist(), size
    inside, beside = (x1 + margin, x2 - margin - width), (x1 - margin - width, x2 + margin)
    rows = np.linspace(min(y2, room[1]) - margin - height, y1 + margin, ROWS).tolist()
    wanted = [(inside[0], y2 + margin), *((x, y) for y in rows for x in inside + beside)]
    places = []
    for x, y in wanted:
        left = min(max(x, margin), max(room[0] - width - margin, 0))
        top = min(max(y, margin), max(room[1] - height - margin, 0))
        places.append(np.array([left, top, left + width, top + height], dtype=np.float32).round())
    return places


def shared_px(one: Box, other: Box) -> float:
    """Return the area, in square pixels, that two boxes share."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    return float(np.clip(sides, 0, None).prod())
