"""What a subscriber makes of the messages it receives: records, repeated ones, and nonsense.

A message that was sent twice because its acknowledgement was lost carries the same id; the ids of
the newest records are remembered. Anybody may publish to a broker, so what is no record of this
schema is reported and never fatal.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, get_args

from pydantic import ValidationError

from stream.publish.topics import Availability
from stream.records import Record, Session, Status, from_json

REMEMBERED: Final = 10_000  # an outbox's worth: what a broker can hold back at most
WORDS: Final = frozenset(get_args(Availability))


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message, understood or not.

    Attributes:
        site: The second level of its topic.
        payload: As it came.
        record: The record in it; None if it is none.
        availability: What it says of the site; None if it says nothing of it.
        malformed: What is wrong with it; None if it was understood.
        repeated: True if a record of this id came before.
    """

    site: str
    payload: bytes
    record: Record | None = None
    availability: str | None = None
    malformed: str | None = None
    repeated: bool = False


class Inbox:
    """Reads messages and remembers the ids of the newest records."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()

    def take(self, topic: str, payload: bytes) -> Received:
        """Return what a message says."""
        _, _, site, *rest = [*topic.split("/"), "", ""]
        if rest[:1] == ["available"]:
            return _availability(site, payload)
        try:
            record = from_json(payload)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            reason = f"{topic}: no record: {where + ': ' if where else ''}{first['msg']}"
            return Received(site=site, payload=payload, malformed=reason)
        return Received(site=site, payload=payload, record=record, repeated=self._repeated(record))

    def _repeated(self, record: Record) -> bool:
        if isinstance(record, Session | Status):
            return False  # state is sent again on purpose
        if record.id in self._seen:
            return True
        self._seen[record.id] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return False


def _availability(site: str, payload: bytes) -> Received:
    word = payload.decode(errors="replace")
    if word in WORDS:
        return Received(site=site, payload=payload, availability=word)
    reason = f"{site}: no availability: expected one of {', '.join(sorted(WORDS))}"
    return Received(site=site, payload=payload, malformed=reason)
