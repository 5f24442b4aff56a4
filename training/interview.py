"""One interview on the time grid, as training reads it wherever it came from.

Keypoints are raw, so that training normalises them by the very function that a live run uses, and
words keep the time at which they were available, so that their delay can be varied and no tick sees
a word of its future.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from numpy import ndarray

from engines.sequence.checkpoint import Fed
from engines.sequence.shape import Modality
from engines.spec.reading import Construct
from engines.spec.skeleton import POINTS
from training.errors import DatasetError


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of an interview before its data is read.

    Attributes:
        name: Within its data set, such as the id of the video.
        subject: Who is interviewed; nobody may lie in two folds.
        label: The class, an index into the data set's labels.
        slices: What figures are also given by, such as ``{"gender": "f", "nationality": "fi"}``.
    """

    name: str
    subject: str
    label: int
    slices: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "slices", MappingProxyType(dict(self.slices)))
        if self.label < 0:
            msg = f"{self.name}: label: expected the index of a class, got {self.label}"
            raise DatasetError(msg)


class InterviewSet(Protocol):
    """Interviews that one network may learn from, each read or drawn when it is asked for."""

    @property
    def name(self) -> str:
        """What a card calls the data."""
        ...

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Who is interviewed and what is to be learned, in the order of the interviews."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes."""
        ...

    @property
    def taught(self) -> Construct:
        """What the classes are of; a network's readings say no more than that."""
        ...

    @property
    def fed(self) -> Mapping[Modality, Fed]:
        """What made the features; a live run must feed the same."""
        ...

    @property
    def word_delay_s(self) -> float:
        """How late words were known after they were said."""
        ...

    def __len__(self) -> int: ...
    def __getitem__(self, number: int, /) -> "Interview": ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Interview:
    """One subject over consecutive ticks; what stands outside a mask is zero.

    Attributes:
        entry: Who, and what is to be learned.
        grid_hz: Ticks a second.
        time_s: Media time of the frame on each tick, or where the tick begins; rising.
        shot: The shot that the frame belongs to.
        keypoints: OpenPose-137 as (x, y, score) in pixels; score 0 marks a missing point.
        keypoints_valid: True for the ticks with keypoints.
        appearance: The embedding of the subject's picture; D is 0 where there is none.
        appearance_valid: True for the ticks with an embedding.
        text: An embedding of what the subject had said, each time that more was known.
        text_available_s: Media time from which on each of them was known; rising.
        notes: An embedding of what a teacher who watched it noted, each time that there was more;
            R is 0 where none is to be given (``training.reasoning``).
        notes_available_s: Media time from which on each of them is given; rising.

    Raises:
        DatasetError: If lengths differ, time does not rise, or anything inside a mask is not
            finite; the message names the interview, the array, the tick and the place in it.
    """

    entry: Entry
    grid_hz: float
    time_s: Float64[ndarray, " T"]
    shot: Int64[ndarray, " T"]
    keypoints: Float32[ndarray, "T 137 3"]
    keypoints_valid: Bool[ndarray, " T"]
    appearance: Float32[ndarray, "T D"]
    appearance_valid: Bool[ndarray, " T"]
    text: Float32[ndarray, "U E"]
    text_available_s: Float64[ndarray, " U"]
    notes: Float32[ndarray, "M R"] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    notes_available_s: Float64[ndarray, " M"] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self._check_shapes()
        self._check_times()
        self._check_finite("keypoints", self.keypoints, self.keypoints_valid)
        self._check_finite("appearance", self.appearance, self.appearance_valid)
        self._check_finite("text", self.text, np.ones(len(self.text), np.bool_))
        self._check_finite("notes", self.notes, np.ones(len(self.notes), np.bool_))
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, ndarray):
                value.setflags(write=False)

    def __len__(self) -> int:
        return len(self.time_s)

    def text_as_of(
        self, *, delay_s: float | Float64[ndarray, " U"] = 0.0
    ) -> tuple[Float32[ndarray, "T E"], Bool[ndarray, " T"]]:
        """Return the newest text of each tick, and on which ticks there was any.

        Args:
            delay_s: So much later than recorded was each known; training jitters it.

        Returns:
            The embedding that was available at each tick's time, zero before the first; a mask that
            is True from the first on.
        """
        newest = self.newest_text(delay_s=delay_s)
        valid = newest >= 0
        rows = np.zeros((len(self), self.text.shape[1]), np.float32)
        rows[valid] = self.text[newest[valid]]
        return rows, valid

    def newest_text(self, *, delay_s: float | Float64[ndarray, " U"] = 0.0) -> Int64[ndarray, " T"]:
        """Return which text was the newest on each tick; -1 before the first.

        Args:
            delay_s: See ``text_as_of``.
        """
        # a delayed text never comes before one that is older: the order in which it was said stays
        known_s = np.maximum.accumulate(self.text_available_s + delay_s)
        return (np.searchsorted(known_s, self.time_s, side="right") - 1).astype(np.int64)

    def newest_note(self) -> Int64[ndarray, " T"]:
        """Return which note was the newest on each tick; -1 before the first."""
        return (np.searchsorted(self.notes_available_s, self.time_s, side="right") - 1).astype(
            np.int64
        )

    def _check_shapes(self) -> None:
        ticks, texts, notes = len(self.time_s), len(self.text), len(self.notes)
        expected = {
            "time_s": (ticks,),
            "shot": (ticks,),
            "keypoints": (ticks, POINTS, 3),
            "keypoints_valid": (ticks,),
            "appearance": (ticks, *self.appearance.shape[1:2]),
            "appearance_valid": (ticks,),
            "text": (texts, *self.text.shape[1:2]),
            "text_available_s": (texts,),
            "notes": (notes, *self.notes.shape[1:2]),
            "notes_available_s": (notes,),
        }
        for name, shape in expected.items():
            got = getattr(self, name).shape
            if got != shape or len(got) != len(shape):
                self._refuse(f"{name}: expected {list(shape)} for {ticks} ticks, got {list(got)}")
        if self.appearance.ndim != 2 or self.text.ndim != 2:  # noqa: PLR2004 (rows of vectors)
            self._refuse("appearance and text: expected one vector a row")

    def _check_times(self) -> None:
        for name, times_s, strictly in (
            ("time_s", self.time_s, True),
            ("text_available_s", self.text_available_s, False),
            ("notes_available_s", self.notes_available_s, False),
        ):
            steps_s = np.diff(times_s)
            falls = ~(steps_s > 0) if strictly else ~(steps_s >= 0)
            if not np.isfinite(times_s).all() or falls.any():
                row = int(np.argmax(falls)) + 1 if falls.any() else 0
                self._refuse(f"{name}: expected seconds that rise; they do not at row {row}")

    def _check_finite(
        self, name: str, rows: Float32[ndarray, "N ..."], valid: Bool[ndarray, " N"]
    ) -> None:
        wrong = ~np.isfinite(rows).all(axis=tuple(range(1, rows.ndim))) & valid
        if wrong.any():
            row = int(np.argmax(wrong))
            place = [int(index) for index in np.argwhere(~np.isfinite(rows[row]))[0]]
            self._refuse(
                f"{name}: row {row} at {place} is {rows[row][tuple(place)]}; expected finite "
                "numbers, or the row left out by its mask"
            )

    def _refuse(self, what: str) -> None:
        msg = f"{self.entry.name}: {what}"
        raise DatasetError(msg)
