"""What a compiled plan depends on: whatever differs here makes it another plan.

The file of a plan is named by the digest of its identity, so a plan of another graph, runtime or
machine is never looked at; and its sidecar says the identity in full, so one that was put under a
wrong name is found out.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, field_validator

from engines.models.source import Entry, Sha256
from engines.plans.shapes import AxisRange

Setting = str | int | float | bool


class Processor(Entry):
    """What a plan was compiled for: a processor, or a card."""

    name: str
    """As the machine or the card's driver calls it."""
    features: tuple[str, ...] = ()
    """Of a processor its instruction sets, of a card its compute capability; sorted."""

    @field_validator("features")
    @classmethod
    def _sorted(cls, features: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(features)))


class PlanIdentity(Entry):
    """Everything that decides whether a plan may be loaded; equal ones have equal digests."""

    graph: Sha256
    """SHA-256 of the graph's file, as ``engines.models.store.sha256`` gives it."""
    outputs: tuple[str, ...] | None = None
    """The outputs kept, in order; None keeps all."""
    runtime: str
    runtime_version: str
    device: Processor
    driver_major: Annotated[int, Field(ge=0)] | None = None
    """Of the card's driver; None where there is none."""
    settings: Mapping[str, Setting] = {}
    """What the runtime was told, such as precision and threads."""
    shapes: Mapping[str, tuple[AxisRange, ...]] = {}
    """By input, the range of each axis, where the runtime compiles for ranges."""

    def canonical(self) -> str:
        """Return it as the one text that is hashed: JSON with sorted keys and no blanks."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """The SHA-256 of its canonical text, in hexadecimal."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def difference(self, other: "PlanIdentity") -> str | None:
        """Say what differs in another, this one being expected; None if nothing does."""
        for key in type(self).model_fields:
            expected, got = getattr(self, key), getattr(other, key)
            if expected != got:
                return f"{key}: expected {_shown(expected)}, got {_shown(got)}"
        return None


def _shown(value: object) -> str:
    if isinstance(value, Processor):
        return f"{value.name} ({' '.join(value.features)})"
    return str(dict(value)) if isinstance(value, Mapping) else str(value)
