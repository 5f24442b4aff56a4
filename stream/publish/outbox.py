"""The bounded, ordered queue of what waits for the broker.

While the broker is away records pile up; what does not fit is dropped, the oldest first, and
every drop is counted by its reason. A message leaves only when the broker has acknowledged it: one
is under way at a time, and a broken connection puts it back at the front. So the order holds, and
only the one message whose acknowledgement was lost can reach a consumer twice, with the same id.

It is kept in memory. A file would keep readings over a crash of this program, but it would also
keep what a face showed, on disk, after the person left: who wants that asks for ``--jsonl``.
"""

from collections import Counter, deque
from dataclasses import dataclass
from typing import Final

from stream.publish.message import Message
from stream.records import EdgeCount

ROWS: Final = "rows"
BYTES: Final = "bytes"
EXPIRED: Final = "expired"
REFUSED: Final = "refused"
UNCONFIRMED: Final = "unconfirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A message and the monotonic time at which it came in."""

    message: Message
    since_s: float


class Outbox:
    """What waits, bounded by rows, bytes and age; a message under way is bounded by none.

    Times are seconds of one monotonic clock, given by the caller.

    Args:
        edge: What the summary calls this hand-over.
        max_rows: The most messages that wait.
        max_bytes: The most bytes of topics and payloads that wait.
        max_age_s: How long a message is worth delivering.
    """

    def __init__(self, edge: str, *, max_rows: int, max_bytes: float, max_age_s: float) -> None:
        self._edge = edge
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._waiting: deque[Held] = deque()
        self._waiting_bytes = 0
        self._under_way: Held | None = None
        self._received = 0
        self._delivered = 0
        self._drops: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many messages are held, the one under way included."""
        return len(self._waiting) + (self._under_way is not None)

    @property
    def count(self) -> EdgeCount:
        """The account: received = delivered + held + sum(drops)."""
        return EdgeCount(
            edge=self._edge,
            received=self._received,
            delivered=self._delivered,
            drops=dict(self._drops),
        )

    def add(self, message: Message, now_s: float) -> None:
        """Take a message; what no longer fits is dropped."""
        self._received += 1
        if message.size > self._max_bytes:
            # Alone too large: dropping all others for it would not make it fit.
            self._drops[BYTES] += 1
            return
        self._waiting.append(Held(message=message, since_s=now_s))
        self._waiting_bytes += message.size
        self._shrink(now_s)

    def take(self, now_s: float) -> Held | None:
        """Return the oldest message, now under way, or None if nothing waits.

        Raises:
            RuntimeError: If one is under way already.
        """
        if self._under_way is not None:
            msg = "a message is under way: confirm it, refuse it or put it back first"
            raise RuntimeError(msg)
        self._shrink(now_s)
        if self._waiting:
            self._under_way = self._pop()
        return self._under_way

    def remaining_s(self, held: Held, now_s: float) -> float:
        """Return how much longer a message is worth delivering."""
        return self._max_age_s - (now_s - held.since_s)

    def confirm(self) -> None:
        """The message under way was acknowledged."""
        if self._under_way is not None:
            self._delivered += 1
            self._under_way = None

    def refuse(self) -> None:
        """The broker will never take the message under way."""
        if self._under_way is not None:
            self._drops[REFUSED] += 1
            self._under_way = None

    def put_back(self, now_s: float) -> None:
        """The message under way may not have arrived: it is the next to go again."""
        if self._under_way is not None:
            self._waiting.appendleft(self._under_way)
            self._waiting_bytes += self._under_way.message.size
            self._under_way = None
            self._shrink(now_s)

    def abandon(self) -> None:
        """Drop all that is held: nobody is left to deliver it."""
        self._drops[UNCONFIRMED] += len(self)
        self._drops += Counter()  # forgets a reason that was never met
        self._waiting.clear()
        self._waiting_bytes = 0
        self._under_way = None

    def _shrink(self, now_s: float) -> None:
        # The front is the oldest: messages come in the order of a monotonic clock, and one that is
        # put back is older than all that waited behind it.
        while self._waiting and now_s - self._waiting[0].since_s > self._max_age_s:
            self._drop(EXPIRED)
        while len(self._waiting) > self._max_rows:
            self._drop(ROWS)
        while self._waiting_bytes > self._max_bytes:
            self._drop(BYTES)

    def _drop(self, reason: str) -> None:
        self._pop()
        self._drops[reason] += 1

    def _pop(self) -> Held:
        held = self._waiting.popleft()
        self._waiting_bytes -= held.message.size
        return held
