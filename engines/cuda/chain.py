"""What the engines of one card share: a stream, the pictures on it, and the memory to compute in.

Engines that run in turn need the memory for what lies between their layers in turn as well: there
is one block, of the size of the neediest. Whoever is asked from two threads lets one wait: a token
goes from hand to hand, since engines know no threads.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Final

from engines.cuda.calls import Cuda
from engines.cuda.card import Card
from engines.cuda.memory import CardBlock
from engines.cuda.stream import Stream
from engines.cuda.uploads import Uploads
from engines.errors import DeviceLostError


class Chain:
    """A card's stream and what is shared on it.

    Attributes:
        card: The card.
        stream: On which everything is done.
        uploads: The pictures that several engines look at.
        scratch: The memory to compute in; when it moves, everyone has to be told.

    Args:
        cuda: The calls.
        card: The card.
    """

    def __init__(self, cuda: Cuda, card: Card) -> None:
        self.card = card
        self._cuda = cuda
        cuda.use(card.index)
        self.stream: Final = Stream(cuda)
        self.uploads: Final = Uploads(self.stream)
        self.scratch: Final = CardBlock(cuda, "the memory that engines compute in")
        self._members = 0
        self._lost: str | None = None
        self._token: SimpleQueue[None] = SimpleQueue()
        self._token.put(None)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have the card to oneself, from whichever thread.

        Raises:
            DeviceLostError: If it was lost before.
        """
        self._token.get()
        try:
            self._begin()
            yield
        except DeviceLostError as error:
            self._lost = str(error)
            raise
        finally:
            self._token.put(None)

    @contextmanager
    def last_turn(self) -> Iterator[None]:
        """Have the card to oneself to give back what one has of it, even if it was lost."""
        self._token.get()
        try:
            with suppress(DeviceLostError):
                self._cuda.use(self.card.index)
            yield
        finally:
            self._token.put(None)

    def join(self) -> None:
        """Count in an engine."""
        self._members += 1

    def leave(self) -> None:
        """Count out an engine, in its last turn; the last engine closes the chain."""
        self._members -= 1
        if not self._members:
            self.uploads.close()
            self.scratch.free()
            self.stream.close()
            _CHAINS.pop(self.card.index, None)

    def _begin(self) -> None:
        if self._lost is not None:
            raise DeviceLostError(self._lost)
        self._cuda.use(self.card.index)  # of this thread


_CHAINS: Final[dict[int, Chain]] = {}


def chain_on(cuda: Cuda, card: Card) -> Chain:
    """Return the chain of a card: the one that is there, or a new one."""
    chain = _CHAINS.get(card.index)
    if chain is None:
        chain = _CHAINS[card.index] = Chain(cuda, card)
    return chain
