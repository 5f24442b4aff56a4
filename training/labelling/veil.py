"""Faces hidden in a film: what is hidden in one picture is hidden in those around it, too.

A network that misses a face in one picture of twenty shows it, in a film, to whoever looks at all
of them. So pictures wait until it is known where a face was found a moment before and after.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from training.labelling.blur import Box, FaceBlur, hide_box
from training.labelling.frames import Image

AROUND: Final = 5
"""Pictures before and after: half a second of a film."""

Timed = tuple[Image, float]


class Veil:
    """Pictures in, the same without faces out, a few pictures later.

    Args:
        blur: Finds faces; None lets everything through.
    """

    def __init__(self, blur: FaceBlur | None) -> None:
        self._blur = blur
        self._waiting: deque[Timed] = deque()
        self._boxes: deque[list[Box]] = deque(maxlen=2 * AROUND + 1)

    def add(self, image: Image, time_s: float) -> Iterator[Timed]:
        """Yield the pictures that one more settles."""
        if self._blur is None:
            yield image, time_s
            return
        self._waiting.append((image, time_s))
        self._boxes.append(self._blur.find(image))
        if len(self._waiting) > AROUND:
            yield self._hidden()

    def finish(self) -> Iterator[Timed]:
        """Yield the rest."""
        while self._waiting:
            yield self._hidden()

    def _hidden(self) -> Timed:
        image, time_s = self._waiting.popleft()
        image = image.copy()
        for boxes in self._boxes:
            for box in boxes:
                hide_box(image, box)
        return image, time_s
