"""What a model computes on, and in which numbers."""

from dataclasses import dataclass
from typing import Literal

Device = Literal["auto", "cpu", "cuda"]
DType = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a model computes on.

    Attributes:
        device: ``auto``: a card where torch finds one.
        dtype: ``auto``: float32 on a processor, bfloat16 on a card.
        threads: On a processor; None: torch's choice.
    """

    device: Device = "auto"
    dtype: DType = "auto"
    threads: int | None = None
