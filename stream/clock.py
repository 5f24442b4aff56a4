"""The clocks and the source of unique ids, in one place so that a test can hold them still."""

import time
from datetime import UTC, datetime

from ulid import ULID


class Clock:
    """Monotonic time for latencies, wall time for records, ULIDs for identity."""

    def monotonic_s(self) -> float:
        """Return seconds of the monotonic clock: for differences only."""
        return time.monotonic()

    def unix_s(self) -> float:
        """Return wall time in Unix seconds."""
        return time.time()

    def now(self) -> str:
        """Return wall time as RFC 3339 in UTC, to the millisecond."""
        return rfc3339(self.unix_s())

    def new_id(self) -> str:
        """Return a new ULID: unique, and sorting by time."""
        return str(ULID())


def rfc3339(unix_s: float) -> str:
    """Return Unix seconds as RFC 3339 in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(unix_s, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
