"""A record on its way to the broker: encoded once, however often it is sent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one publication carries.

    Attributes:
        topic: Where it goes.
        payload: The record as JSON, or the word for the availability.
        kind: The record's kind; None for the availability.
        retain: True for state.
        expiry_s: How long the broker may keep it for a subscriber that is away; None for state.
    """

    topic: str
    payload: bytes
    kind: str | None
    retain: bool
    expiry_s: float | None

    @property
    def size(self) -> int:
        """Its bytes: what it costs to hold."""
        return len(self.topic) + len(self.payload)
