"""A figure, or the reason why there is none: what was not measured is never a zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from engines.spec.wire import CLOSED

NO_READING: Final = "not available: there was no reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One figure.

    Attributes:
        value: In ``unit``; None if it is not known.
        unit: Such as W, MB, C, J.
        missing: Why it is not known; None if it is.
    """

    __pydantic_config__: ClassVar = CLOSED

    value: float | None
    unit: str
    missing: str | None = None

    @classmethod
    def of(cls, value: float, unit: str) -> Self:
        """Return a figure that was measured."""
        return cls(value=round(value, 4), unit=unit)

    @classmethod
    def absent(cls, why: str, unit: str) -> Self:
        """Return that there is none, and why."""
        return cls(value=None, unit=unit, missing=why)

    def __str__(self) -> str:
        return self.missing or f"{self.value:,.4g} {self.unit}".rstrip()


def most(values: Sequence[float], unit: str, why: str) -> Quantity:
    """Return the largest value; without any, why there is none."""
    return Quantity.of(max(values), unit) if values else Quantity.absent(why, unit)
