"""What is known of a variant: what it was made from, how, on what, and what the gate said of it.

It lies as JSON beside the variant's file. A precision that was refused has a record and no file, so
that whoever asked for it is told why it is not used.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from engines.models.source import Entry, Sha256
from engines.spec.precision import Precision

Count = Annotated[int, Field(ge=0)]


class Metric(Entry):
    """One number that the gate looked at, against its limit."""

    name: str
    value: float
    limit: float
    sense: Literal["at least", "at most"]

    @property
    def passes(self) -> bool:
        """Whether the number keeps its limit; one that is not finite never does."""
        if self.sense == "at least":
            return self.value >= self.limit
        return self.value <= self.limit

    def __str__(self) -> str:
        relation = {"at least": (">=", "<"), "at most": ("<=", ">")}[self.sense]
        return f"{self.name} {self.value:.4f} {relation[not self.passes]} {self.limit:g}"


class Verdict(Entry):
    """What the gate said, on inputs that nothing was calibrated on."""

    admitted: bool
    why: str
    """One line: the numbers that decided."""
    metrics: tuple[Metric, ...] = ()
    samples: Count
    """Inputs that f32 and the candidate were both given."""
    backend: str
    """The runtime that computed both."""
    judged_with: str
    """Its name and version, and the processor."""


class CalibrationSet(Entry):
    """What the ranges of an int8 graph were read off; where it came from is nobody's business."""

    samples: Count
    frames: Count
    sources: Count
    digest: Sha256
    """Of the inputs' bytes: two makers that saw the same have the same."""


class VariantRecord(Entry):
    """The content of the file beside a variant."""

    schema_version: Literal[1] = Field(1, alias="schema")
    name: str
    """The network, as the manifest calls it."""
    graph: Sha256
    """Of the f32 graph."""
    precision: Precision
    sha256: Sha256 | None
    """Of the variant's file; null for one that is only a way to compute the same file (bf16), and
    for one that was refused."""
    size_bytes: Count | None
    method: str
    """How it was made, in words and numbers."""
    tools: Mapping[str, str]
    """Versions of what made it, by package name."""
    calibration: CalibrationSet | None
    verdict: Verdict

    @property
    def again(self) -> str:
        """The command that makes it anew."""
        return f"`subface calibrate {self.precision} SOURCE... --models {self.name}`"
