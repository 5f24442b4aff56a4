"""What lies beside a stored plan: the identity it was made for, and what its bytes must be."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field, ValidationError

from engines.errors import PlanError
from engines.models.source import Entry, Sha256
from engines.plans.identity import PlanIdentity

LARGEST_BYTES: Final = 65_536
"""A sidecar has about 1 kB; nothing larger is read."""


class Sidecar(Entry):
    """The content of the JSON file beside a plan."""

    format: Literal["subface.plan/1"] = "subface.plan/1"
    name: str
    """What the graph is called: a model's name, or its file's."""
    identity: PlanIdentity
    sha256: Sha256
    """Of the plan."""
    size_bytes: Annotated[int, Field(gt=0)]
    built_s: Annotated[float, Field(ge=0)]
    """How long the compiling took."""
    made_at: AwareDatetime

    @classmethod
    def of(
        cls, name: str, identity: PlanIdentity, plan: bytes, *, built_s: float, made_at: datetime
    ) -> "Sidecar":
        """Return what lies beside a plan."""
        return cls(
            name=name,
            identity=identity,
            sha256=hashlib.sha256(plan).hexdigest(),
            size_bytes=len(plan),
            built_s=round(built_s, 3),
            made_at=made_at,
        )

    @classmethod
    def parse(cls, text: bytes, path: Path) -> "Sidecar":
        """Read it.

        Raises:
            PlanError: If it is not as it must be.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the whole"
            msg = f"{path}: {place}: {first['msg']}"
            raise PlanError(msg) from error

    def fault(self, plan: bytes) -> str | None:
        """Say why these bytes are not the plan; None if they are."""
        if len(plan) != self.size_bytes:
            return f"expected {self.size_bytes} bytes, got {len(plan)}"
        got = hashlib.sha256(plan).hexdigest()
        if got != self.sha256:
            return f"expected sha256 {self.sha256[:12]}..., got {got[:12]}..."
        return None
