"""The topics that records go to, under ``subface/v1/<site>/``.

State (availability, the session, every status) is retained, so that who connects late knows it at
once; a reading is of its moment, and is never retained. v1 is the version of this layout; the
version of what is in the payload stands in the payload.
"""

from typing import Final, Literal

from engines.spec.reading import Reading
from stream.records import Event, GapRecord, Record, Session, Status, Summary, Transcript

ROOT: Final = "subface/v1"

Availability = Literal["online", "stopped", "offline"]
"""online: publishing; stopped: ended well; offline: the broker lost it (its last will)."""


def available_topic(site: str) -> str:
    """Return the retained topic that says whether the site is publishing."""
    return f"{ROOT}/{site}/available"


def everything(site: str | None) -> str:
    """Return the filter for all topics of a site, or of every site."""
    return f"{ROOT}/{site or '+'}/#"


def topic_of(site: str, record: Record) -> str:
    """Return the topic that a record goes to."""
    match record:
        case Session():
            return f"{ROOT}/{site}/info"
        case Summary():
            return f"{ROOT}/{site}/stats"
        case Status():
            return f"{ROOT}/{site}/{record.source}/status/{record.role}"
        case Reading() | Transcript() | Event() | GapRecord():
            return f"{ROOT}/{site}/{record.source}/{record.kind}"


def is_state(record: Record) -> bool:
    """Return whether a record is retained: the newest one replaces those before it."""
    return isinstance(record, Session | Status)
