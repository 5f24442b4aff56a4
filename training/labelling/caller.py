"""Calls to a model: answered from the cache, or paced, paid for, tried again, and kept."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from training.labelling.account import Account
from training.labelling.cache import AnswerCache, Kept
from training.labelling.errors import BudgetSpentError, TeacherBusyError, TeacherRejectedError
from training.labelling.pace import Pace
from training.labelling.prices import ModelPrice
from training.labelling.question import Question, Reply
from training.labelling.teacher import VisionLanguageModel

LONGEST_PAUSE_S: Final = 300.0
"""Whoever asks for more, such as a quota of a day, is not waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How a provider is treated.

    Attributes:
        concurrency: Conversations under way at once, each with one call at a time.
        calls_per_minute: At most; None for no limit.
        attempts: Of one call.
        first_pause_s: After the first failed attempt; doubled after each, with jitter.
        longest_pause_s: At most, unless the provider asks for more.
    """

    concurrency: int = 4
    calls_per_minute: float | None = None
    attempts: int = 5
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0


class Caller:
    """Asks one model; shared by all clips of a run.

    Args:
        model: Whom to ask.
        cache: Of answers.
        account: What may be spent.
        price: Of the model; None if it is not known.
        manners: How to ask.
        hide: Takes the key out of a text that is kept.

    Attributes:
        model: As above.
        places: One for each conversation under way, which has one call under way: a conversation
            that was begun is ended before another begins, or a budget would buy beginnings.
    """

    def __init__(
        self,
        model: VisionLanguageModel,
        *,
        cache: AnswerCache,
        account: Account,
        price: ModelPrice | None,
        manners: Manners,
        hide: Callable[[str], str],
    ) -> None:
        self.model = model
        self._cache = cache
        self._account = account
        self._price = price
        self._manners = manners
        self._hide = hide
        self.places = asyncio.Semaphore(manners.concurrency)
        self._pace = Pace(manners.calls_per_minute)
        self._rejected: TeacherRejectedError | None = None

    async def ask(self, question: Question) -> Kept:
        """Return the answer to a question, which costs nothing if it was asked before.

        Raises:
            TeacherBusyError: If no attempt succeeded.
            TeacherRejectedError: If the model will answer nothing; it is not asked again.
            BudgetSpentError: If the call might cost more than is allowed.
        """
        digest = question.digest(self.model.identity)
        before = self._cache.get(digest)
        if before is not None:
            return before
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._manners.attempts),
            wait=self._pause_s,
            retry=retry_if_exception_type(TeacherBusyError),
            reraise=True,
        )
        kept: Kept = await retrying(self._attempt, question)
        self._cache.put(digest, kept)
        return kept

    async def _attempt(self, question: Question) -> Kept:
        await self._pace.turn()
        if self._rejected is not None:
            raise self._rejected
        ticket = await self._account.reserve(self._most_usd(question))
        try:
            reply = await self.model.answer(question)
        except TeacherBusyError as error:
            self._account.settle(ticket, None if error.billed else 0.0)
            if error.pause_s is not None:
                self._pace.hold(min(error.pause_s, LONGEST_PAUSE_S))
            raise
        except TeacherRejectedError as error:
            self._account.settle(ticket, 0.0)
            if error.for_all:
                self._rejected = error
            raise
        return self._kept(question, reply, ticket)

    def _most_usd(self, question: Question) -> float:
        price = self._price
        if price is None:
            return 0.0
        tokens = price.most_tokens(question)
        if tokens > price.up_to_tokens:
            msg = (
                f"a prompt of up to {tokens} tokens: the price is declared up to "
                f"{price.up_to_tokens}; show fewer --frames, or a shorter clip"
            )
            raise BudgetSpentError(msg)
        return price.most_usd(question)

    def _kept(self, question: Question, reply: Reply, ticket: int) -> Kept:
        cost_usd = None if self._price is None else self._price.cost_usd(question, reply)
        self._account.settle(ticket, cost_usd)
        return Kept(
            reply=replace(reply, text=self._hide(reply.text)),
            cost_usd=cost_usd,
            answered_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _pause_s(self, state: RetryCallState) -> float:
        first_s, longest_s = self._manners.first_pause_s, self._manners.longest_pause_s
        usual = (wait_exponential(multiplier=first_s, max=longest_s) + wait_random(0, first_s))(
            state
        )
        error = state.outcome.exception() if state.outcome is not None else None
        asked_s = error.pause_s if isinstance(error, TeacherBusyError) else None
        return usual if asked_s is None else min(max(usual, asked_s), LONGEST_PAUSE_S)
