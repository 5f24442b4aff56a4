"""The state that every connect republishes: the newest message of each retained topic.

A broker that was killed may have lost what it retained, so state is not sent once but kept, and
sent again whenever a connection begins. Only the newest of a topic counts; one that was replaced
before it could be delivered is counted as superseded.
"""

from collections import Counter
from typing import Final

from stream.publish.message import Message
from stream.publish.outbox import REFUSED, UNCONFIRMED

SUPERSEDED: Final = "superseded"


class Retained:
    """The newest message of each topic, and which of them the broker does not have yet."""

    def __init__(self) -> None:
        self._newest: dict[str, Message] = {}
        self._owed: dict[str, None] = {}  # topics, in the order in which they are to be sent
        self._uncounted: dict[str, Message] = {}  # new messages not acknowledged so far
        self.received = 0
        self.delivered = 0
        self.drops: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many messages the broker does not have yet."""
        return len(self._owed)

    def put(self, message: Message) -> None:
        """Take a message; it replaces the one of its topic."""
        self.received += 1
        if message.topic in self._uncounted:
            self.drops[SUPERSEDED] += 1
        self._uncounted[message.topic] = message
        self._newest[message.topic] = message
        self._owed[message.topic] = None

    def renew(self) -> None:
        """Owe everything again: the broker is another one, or lost its memory."""
        self._owed = dict.fromkeys(self._newest)

    def next(self) -> Message | None:
        """Return a message that the broker does not have yet, or None."""
        return self._newest[next(iter(self._owed))] if self._owed else None

    def confirm(self, message: Message) -> None:
        """A message was acknowledged; it may have been replaced meanwhile."""
        if self._settle(message):
            self.delivered += 1

    def refuse(self, message: Message) -> None:
        """The broker will not take a message; it is tried again at the next connect."""
        if self._settle(message):
            self.drops[REFUSED] += 1

    def abandon(self) -> None:
        """Count what was never acknowledged as dropped, and owe nothing."""
        self.drops[UNCONFIRMED] += len(self._uncounted)
        self.drops += Counter()  # forgets a reason that was never met
        self._uncounted.clear()
        self._owed.clear()

    def _settle(self, message: Message) -> bool:
        if self._newest.get(message.topic) is message:
            self._owed.pop(message.topic, None)
        if self._uncounted.get(message.topic) is not message:
            return False
        del self._uncounted[message.topic]
        return True
