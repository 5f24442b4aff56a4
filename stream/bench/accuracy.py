"""Accuracy beside speed: the same clip read in the profile's arithmetic, and then in f32."""

from collections.abc import Sequence
from dataclasses import dataclass

from engines.spec.reading import Reading
from stream.bench.agreement import ReadingKeeper, agreements
from stream.bench.engine_setup import SPEECH, EngineSetup
from stream.bench.report import Accuracy, SpeedUp, Trial
from stream.bench.trial import Bounds, Reached, Trials
from stream.config import Profile
from stream.source.spec import SourceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadThrough:
    """A source read once, as fast as it can be.

    Attributes:
        trial: What it took.
        readings: What was published.
    """

    trial: Trial
    readings: tuple[Reading, ...]


async def read_through(
    trials: Trials, spec: SourceSpec, for_s: float, *, reached: Reached
) -> ReadThrough:
    """Read a file once, for so long at most; raises as a trial does."""
    keeper = ReadingKeeper()
    bounds = Bounds(for_s=for_s, once=True)
    trial = await trials.run([spec], bounds, pace="fast", sinks=[keeper], reached=reached)
    return ReadThrough(trial=trial, readings=tuple(keeper.readings))


def in_f32(profile: Profile) -> Profile:
    """Return a profile whose engines all compute in f32."""
    runtime = profile.perception.runtime.model_copy(update={"precision": "f32"})
    perception = profile.perception.model_copy(update={"runtime": runtime})
    return profile.model_copy(update={"perception": perception})


def why_not(profile: Profile, spec: SourceSpec, engines: Sequence[EngineSetup]) -> str | None:
    """Return why nothing is held against f32; None if it is to be."""
    wanted = profile.perception.runtime.precision
    if wanted == "f32":
        return "nothing to compare: every engine computes in f32, which is the reference"
    if not _faster(engines):
        return f"nothing to compare: {wanted} was allowed, and no engine of this run was admitted"
    if spec.kind != "file":
        return "not measured: a stream cannot be read twice"
    return None


def accuracy_of(
    read: ReadThrough, reference: ReadThrough, engines: Sequence[EngineSetup]
) -> Accuracy:
    """Return what the speed costs, and what it is."""
    ours, theirs = (
        {engine.engine: engine.ms.p50 for engine in one.trial.engines} for one in (read, reference)
    )
    return Accuracy(
        missing=None,
        agreements=agreements(read.readings, reference.readings),
        engines=tuple(
            SpeedUp(
                engine=engine.engine,
                precision=engine.precision,
                ms=ours[engine.engine],
                f32_ms=theirs[engine.engine],
                times=round(theirs[engine.engine] / ours[engine.engine], 3),
                why=engine.why,
            )
            for engine in _faster(engines)
            if engine.engine in ours and engine.engine in theirs
        ),
    )


def _faster(engines: Sequence[EngineSetup]) -> list[EngineSetup]:
    return [e for e in engines if e.precision != "f32" and not e.engine.startswith(SPEECH)]
