"""How many streams a machine holds: doubled until it fails, then halved to the largest that holds.

A stream is held if its readings are in time and it is looked at often enough. In time alone says
little: a full channel drops the oldest, so a machine that sees one picture a second may see it
promptly. Often enough is the rate of the time grid, or of the source where that is lower, less a
tenth.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from stream.bench.report import Attempt, Capacity, Trial

ENOUGH: Final = 0.9
LIMIT: Final = 64
"""Streams that are tried at most, unless more are asked for."""

RunTrial = Callable[[int], Awaitable[Trial]]


def needed_hz(grid_hz: float, source_hz: float) -> float:
    """Return how often a stream must be looked at, a second."""
    return round(ENOUGH * min(grid_hz, source_hz), 3)


async def largest(
    run: RunTrial,
    *,
    budget_ms: float,
    frames_hz: float,
    limit: int,
) -> Capacity:
    """Find the largest number of streams that is held.

    What holds so many is taken to hold fewer; each number is tried once.

    Args:
        run: Runs so many streams.
        budget_ms: No stream's 95th percentile may be later.
        frames_hz: No stream may be looked at less often.
        limit: More streams are not tried.
    """
    attempts: list[Attempt] = []

    async def held(streams: int) -> bool:
        attempts.append(attempt(await run(streams), budget_ms=budget_ms, frames_hz=frames_hz))
        return attempts[-1].held

    low, high = 0, 1
    while high <= limit and await held(high):
        low, high = high, high * 2 if high * 2 <= limit or high == limit else limit
    high = min(high, limit + 1)
    while high - low > 1:
        middle = (low + high) // 2
        if await held(middle):
            low = middle
        else:
            high = middle
    return Capacity(
        budget_ms=budget_ms,
        needed_frames_hz=frames_hz,
        largest=low,
        limit=limit,
        attempts=tuple(attempts),
    )


def attempt(trial: Trial, *, budget_ms: float, frames_hz: float) -> Attempt:
    """Return whether the streams of a trial were held, and by what they were not."""
    missed = []
    if trial.worst_p95_ms is None:
        missed.append("a stream without a reading")
    elif trial.worst_p95_ms > budget_ms:
        missed.append(f"p95 {trial.worst_p95_ms:.0f} ms of {budget_ms:g}")
    if trial.least_frames_hz < frames_hz:
        missed.append(f"{trial.least_frames_hz:.1f} frames/s of {frames_hz:g}")
    return Attempt(
        streams=trial.streams,
        held=not missed,
        worst_p95_ms=trial.worst_p95_ms,
        least_frames_hz=trial.least_frames_hz,
        why=", ".join(missed) or "in time and often enough",
    )
