"""The kinds of value a published field may hold: ids, timestamps, shares, counts.

pydantic reads these marks where the JSON Schema is generated and where a record is read back; it
finds them by the name of their method, so that the spec need not import it. They bind what comes
in from outside: a record made here is not checked a second time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

# RFC 3339 in UTC, as `stream.clock` writes it: one spelling, so that times compare as text.
TIMESTAMP_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$"
# Crockford's base 32; the first character of 128 bits is at most 7.
ULID_PATTERN = r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Marks a text of a fixed form."""

    pattern: str
    format: str | None = None

    def __get_pydantic_core_schema__(
        self, source: object, handler: Callable[[object], dict[str, Any]]
    ) -> dict[str, Any]:
        """Return the schema of a text that matches."""
        schema = handler(source) | {"pattern": self.pattern}
        if self.format is not None:
            schema["metadata"] = {"pydantic_js_updates": {"format": self.format}}
        return schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """Marks a finite number between bounds, both included; None is no bound."""

    low: float | int | None = None
    high: float | int | None = None

    def __get_pydantic_core_schema__(
        self, source: object, handler: Callable[[object], dict[str, Any]]
    ) -> dict[str, Any]:
        """Return the schema of a number within the bounds."""
        schema = handler(source)
        bounds = {"ge": self.low, "le": self.high}
        return schema | {key: bound for key, bound in bounds.items() if bound is not None}


# Read by pydantic where the schema is generated; the spec itself does not import it.
CLOSED = {
    "extra": "forbid",
    "use_attribute_docstrings": True,
    # A record always names its schema and its kind, so a consumer may count on them.
    "json_schema_serialization_defaults_required": True,
}

Ulid = Annotated[str, Text(pattern=ULID_PATTERN)]
"""Unique, and sorting by time."""
Timestamp = Annotated[str, Text(pattern=TIMESTAMP_PATTERN, format="date-time")]
"""Wall time, RFC 3339 in UTC."""
Share = Annotated[float, Within(low=0.0, high=1.0)]
"""A part of a whole, 0..1."""
Signed = Annotated[float, Within(low=-1.0, high=1.0)]
"""A leaning, -1..1."""
Amount = Annotated[float, Within(low=0.0)]
"""Never negative."""
Count = Annotated[int, Within(low=0)]
"""How many, or a number that counts from 0."""
