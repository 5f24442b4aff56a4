"""The strokes that everything on an annotated video is made of, in units of the picture's size.

A length is given in units of 1/360 of the picture's shorter side, so a drawing looks the same at
360 and at 1080 lines. The font is the TrueType one inside OpenCV 5: it has every European letter,
so a notice can be shown in the language it was given in.
"""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

Colour = tuple[int, int, int]

WHITE: Final[Colour] = (255, 255, 255)
GREY: Final[Colour] = (190, 190, 190)
DARK: Final[Colour] = (24, 26, 30)

UNITS: Final = 360  # of the shorter side
MIN_UNIT_PX: Final = 0.75  # letters of 8 px: below 270 lines they take more room, but can be read
SUBPIXEL: Final = 4  # bits of a coordinate behind the point
REGULAR, BOLD = 400, 700


class Pen:
    """Draws on one picture.

    Args:
        image: Red, green, blue; drawn on in place.
    """

    def __init__(self, image: UInt8[ndarray, "H W 3"]) -> None:
        self.image = image
        self.height: int = image.shape[0]
        self.width: int = image.shape[1]
        self.unit: float = max(min(self.height, self.width) / UNITS, MIN_UNIT_PX)
        self._font = cv2.FontFace("sans")

    def px(self, units: float) -> int:
        """Return a length in pixels, at least one."""
        return max(1, int(units * self.unit + 0.5))

    def line(
        self, first: Sequence[float], second: Sequence[float], colour: Colour, width: float
    ) -> None:
        """Draw a line between two places in pixels, ``width`` units wide."""
        ends = np.round(np.array([first, second]) * 2**SUBPIXEL).astype(int)
        start, end = map(tuple, ends.tolist())
        cv2.line(self.image, start, end, colour, self.px(width), cv2.LINE_AA, SUBPIXEL)

    def dot(self, place: Sequence[float], colour: Colour, radius: float) -> None:
        """Draw a filled circle around a place in pixels."""
        x, y = (round(float(c) * 2**SUBPIXEL) for c in place)
        reach = round(max(radius * self.unit, 0.8) * 2**SUBPIXEL)
        cv2.circle(self.image, (x, y), reach, colour, cv2.FILLED, cv2.LINE_AA, SUBPIXEL)

    def frame(self, box_xyxy: Float[ndarray, " 4"], colour: Colour, width: float) -> None:
        """Draw the outline of a box, dark behind, so that it stands out from any picture."""
        x1, y1, x2, y2 = np.round(box_xyxy).astype(int).tolist()
        thick = self.px(width)
        for stroke, tint in ((thick + 2, DARK), (thick, colour)):
            cv2.rectangle(self.image, (x1, y1), (x2, y2), tint, stroke, cv2.LINE_AA)

    def corners(self, box_xyxy: Float[ndarray, " 4"], colour: Colour, width: float) -> None:
        """Draw the four corners of a box."""
        x1, y1, x2, y2 = box_xyxy.tolist()
        arm = 0.18 * min(x2 - x1, y2 - y1)
        for x, along in ((x1, arm), (x2, -arm)):
            for y, down in ((y1, arm), (y2, -arm)):
                self.line((x, y), (x + along, y), colour, width)
                self.line((x, y), (x, y + down), colour, width)

    def panel(self, x: int, y: int, width: int, height: int, *, cover: float = 0.7) -> None:
        """Darken a part of the picture, in pixels, so that text can be read on it."""
        part = self.image[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
        dark = np.array(DARK, dtype=np.float32) * cover
        part[:] = (part * np.float32(1 - cover) + dark).astype(np.uint8)

    def bar(self, x: int, y: int, width: int, height: int, colour: Colour) -> None:
        """Fill a part of the picture, in pixels."""
        cv2.rectangle(self.image, (x, y), (x + width - 1, y + height - 1), colour, cv2.FILLED)

    def text(
        self, words: str, x: int, y: int, colour: Colour, *, size: float, weight: int = REGULAR
    ) -> None:
        """Write one line.

        Args:
            words: What.
            x: Where it starts, in pixels.
            y: The line that the letters stand on, in pixels.
            colour: Red, green, blue.
            size: Of the letters, in units.
            weight: How heavy they are.
        """
        cv2.putText(self.image, words, (x, y), colour, self._font, self._font_px(size), weight)

    def text_width(self, words: str, *, size: float, weight: int = REGULAR) -> int:
        """Return how many pixels a line takes."""
        font_px = self._font_px(size)
        # an endless picture: at the edge of a real one the line would be broken
        _, _, width, _ = cv2.getTextSize(
            (1 << 20, 1 << 10), words, (0, 0), self._font, font_px, weight
        )
        return int(width)

    def fit(self, words: str, width: int, *, size: float) -> str:
        """Return as much of a line as fits into so many pixels, with an ellipsis if it is less."""
        if self.text_width(words, size=size) <= width:
            return words
        while words and self.text_width(words + "…", size=size) > width:
            words = words[:-1].rstrip()
        return words + "…"

    def _font_px(self, size: float) -> int:
        return int(size * self.unit + 0.5)
