"""Many sources side by side: one task group each, restart budgets, one outcome each.

Sources fail, and that is handled where it happens. What fails beyond that (a defect, a device that
went away) ends that source's group, is reported once, and is restarted within its budget; the
other sources never notice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from engines.errors import SubfaceError
from stream.records import SourceSummary
from stream.source.spec import SourceSpec
from stream.stop import Stop
from stream.tally import Tally

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
RESTARTS = 3  # a live source that broke so often for no expected reason is broken
DRAIN_S = 3.0  # what is on its way when the end is asked for gets so long to arrive

RunSource = Callable[[SourceSpec, Tally], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one source ended.

    Attributes:
        summary: Its account.
        error: What it failed with; None if it ended or was stopped.
    """

    summary: SourceSummary
    error: SubfaceError | None


async def supervise(
    specs: Sequence[SourceSpec],
    run_source: RunSource,
    *,
    stop: Stop,
    monotonic_s: Callable[[], float],
) -> list[Outcome]:
    """Run all sources to their ends and return their outcomes, in the order given.

    Args:
        specs: The sources.
        run_source: Runs one source once.
        stop: Seen by the sources themselves; here it bounds how long they may take to finish.
        monotonic_s: The clock of the accounts.
    """
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(_guard(spec, run_source, stop, monotonic_s), name=spec.name)
            for spec in specs
        ]
    return [task.result() for task in running]


async def _guard(
    spec: SourceSpec, run_source: RunSource, stop: Stop, monotonic_s: Callable[[], float]
) -> Outcome:
    tally = Tally(spec.name, monotonic_s())
    error: SubfaceError | None = None
    try:
        await _finish_within(stop, _restarted(spec, run_source, tally))
    except SubfaceError as failure:
        error = failure
    outcome = str(error) if error else "interrupted" if stop.requested else "ended"
    return Outcome(summary=tally.summary(outcome, monotonic_s()), error=error)


async def _restarted(spec: SourceSpec, run_source: RunSource, tally: Tally) -> None:
    attempts = RESTARTS + 1 if spec.kind == "live" else 1
    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: not isinstance(error, SubfaceError)),
        stop=stop_after_attempt(attempts),
        wait=wait_exponential(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S)
        + wait_random(0, FIRST_PAUSE_S),
        before_sleep=_report_restart,
        reraise=True,
    )
    try:
        async for attempt in retrying:
            with attempt:
                await _unwrapped(run_source(spec, tally))
    except SubfaceError:
        raise
    except Exception as error:
        # The border at which a defect in one source is kept from the others: it is reported whole.
        logger.exception("%s: failed for a reason that was not foreseen", spec.name)
        msg = f"{spec.name}: {type(error).__name__}: {error} (see the log; please report it)"
        raise SubfaceError(msg) from error


async def _unwrapped(work: Awaitable[None]) -> None:
    """Await a task group's work and raise one of its failures alone, an expected one first."""
    try:
        await work
    except ExceptionGroup as group:
        failures = list(_leaves(group))
        expected = [failure for failure in failures if isinstance(failure, SubfaceError)]
        raise (expected or failures)[0] from group


def _leaves(group: ExceptionGroup[Exception]) -> list[Exception]:
    leaves: list[Exception] = []
    for error in group.exceptions:
        leaves.extend(_leaves(error) if isinstance(error, ExceptionGroup) else [error])
    return leaves


def _report_restart(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.error("restarted after %s: %s", type(error).__name__, error, exc_info=error)


async def _finish_within(stop: Stop, work: Awaitable[None]) -> None:
    """Await the work; once the end is asked for, at most ``DRAIN_S`` more."""
    task = asyncio.ensure_future(work)
    asked = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await asyncio.wait({task}, timeout=DRAIN_S)
        if not task.done():
            logger.warning("%s: not drained within %g s, given up", task.get_name(), DRAIN_S)
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.result()
    finally:
        asked.cancel()
        task.cancel()
