"""What was spent and what may still be: reserved before a call, settled after it, on disk.

A reservation is written before its call is sent, so that whatever ends a run, the next one knows
what may have been paid for. One that was never settled counts in full for ever: the provider may
have answered.
"""

import asyncio
import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from training.errors import DatasetError
from training.labelling.errors import BudgetSpentError

ROUNDING_USD: Final = 1e-9


class Account:
    """The money and the calls of all runs that share a cache; nobody else writes to its file.

    Args:
        path: The ledger, a JSON object a line.
        limit_usd: What all runs together may spend; None for no limit.
        limit_calls: How many calls they may make; None for no limit.

    Raises:
        DatasetError: If the ledger cannot be read.
    """

    def __init__(self, path: Path, *, limit_usd: float | None, limit_calls: int | None) -> None:
        self._path = path
        self._limit_usd = limit_usd
        self._limit_calls = limit_calls
        self._usd: dict[int, float] = {}
        self._open: set[int] = set()
        self._settled = asyncio.Event()
        self._read()
        self._file: IO[str] = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def usd(self) -> float:
        """What was spent at most, over all runs."""
        return sum(self._usd.values())

    @property
    def calls(self) -> int:
        """How many calls were made, over all runs."""
        return len(self._usd)

    async def reserve(self, usd: float) -> int:
        """Set aside what a call costs at most, and return the number to settle it by.

        It waits for calls under way if what they leave over may be enough.

        Raises:
            BudgetSpentError: If it would be more than is allowed.
        """
        while (refusal := self._refusal(usd)) is not None:
            if not self._open or not self._may_fit(usd):
                raise BudgetSpentError(refusal)
            self._settled.clear()
            await self._settled.wait()
        ticket = max(self._usd, default=-1) + 1
        self._note({"ticket": ticket, "reserved_usd": usd})
        self._usd[ticket] = usd
        self._open.add(ticket)
        return ticket

    def settle(self, ticket: int, usd: float | None) -> None:
        """Say what a call cost.

        Args:
            ticket: Of the reservation.
            usd: None if nobody knows: it counts as reserved.
        """
        if usd is not None:
            self._note({"ticket": ticket, "settled_usd": usd})
            self._usd[ticket] = usd
        self._open.discard(ticket)
        self._settled.set()

    def _refusal(self, usd: float) -> str | None:
        if self._limit_calls is not None and self.calls >= self._limit_calls:
            return f"--max-calls {self._limit_calls} are made: raise it to go on"
        if self._limit_usd is not None and self.usd + usd > self._limit_usd + ROUNDING_USD:
            return (
                f"--budget {self._limit_usd:g} USD: {self.usd:.4f} are spent or set aside, and the "
                f"next call may cost {usd:.4f}: raise it to go on"
            )
        return None

    def _may_fit(self, usd: float) -> bool:
        """Return whether the call would be allowed if all calls under way turned out free."""
        if self._limit_calls is not None and self.calls >= self._limit_calls:
            return False
        fixed = sum(own for ticket, own in self._usd.items() if ticket not in self._open)
        return self._limit_usd is None or fixed + usd <= self._limit_usd + ROUNDING_USD

    def _note(self, line: dict[str, float]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def _read(self) -> None:
        if not self._path.exists():
            return
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            # a kill came between: a call that was never sent, or one that counts as reserved
            os.truncate(self._path, len(whole))
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                self._count(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                msg = f"{self._path}, line {number}: not a line of a ledger; name another --cache"
                raise DatasetError(msg) from error

    def _count(self, line: dict[str, float]) -> None:
        spent = line["settled_usd"] if "settled_usd" in line else line["reserved_usd"]
        self._usd[int(line["ticket"])] = float(spent)
