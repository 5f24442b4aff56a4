"""The engines of a profile built one by one, and what became of each."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.engine import Engine
from engines.plans.builder import PlanBuilder, PlanCount
from engines.plans.store import BuiltPlan, PlanStore
from engines.spec.precision import Precision
from engines.variants.choice import choose

Outcome = Literal["built", "rebuilt", "there", "none"]
"""rebuilt: the one that was there was broken, or not wanted; none: the runtime stores no plans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One engine of a profile.

    Attributes:
        name: What the graph is called.
        runtime: What computes it.
        device: What it was compiled for; None where nothing is compiled.
        precision: What it has.
        why: Why it has that.
        outcome: What became of its plan.
        size_bytes: Of the plan; None where there is none.
        built_s: How long it took, now or back then; None where there is none.
        fault: What was wrong with the plan before.
    """

    name: str
    runtime: str
    device: str | None
    precision: Precision
    why: str
    outcome: Outcome
    size_bytes: int | None = None
    built_s: float | None = None
    fault: str | None = None


class Preparation:
    """Opens engines as a run does (``OpenEngine``), and leaves their plans in the store.

    Attributes:
        prepared: What was opened, each graph once, in order.

    Args:
        runtime: What they are opened with.
        store: Where plans go.
        anew: Build those, too, that are there.
        begun: Is told the name of each before it is opened.
    """

    def __init__(
        self,
        runtime: RuntimeConfig,
        store: PlanStore,
        *,
        anew: bool,
        begun: Callable[[str], None],
    ) -> None:
        self._runtime = runtime
        self._store = store
        self._anew = anew
        self._begun = begun
        self._digests: set[str] = set()
        self.prepared: list[Prepared] = []

    def __call__(self, name: str, path: Path, *, outputs: Sequence[str] | None = None) -> Engine:
        """Open a graph under a name."""
        self._begun(name)
        began_s = time.monotonic()
        built: list[BuiltPlan] = []
        engine = open_engine(
            path,
            self._runtime,
            outputs=outputs,
            plans=PlanBuilder(self._store, anew=self._anew, built=built.append),
            name=name,
        )
        self._add(name, path, built[0] if built else None, time.monotonic() - began_s)
        return engine

    def _add(self, name: str, path: Path, built: BuiltPlan | None, opened_s: float) -> None:
        runtime = self._runtime
        choice = choose(path, runtime.precision, backend=runtime.backend)
        if built is None:
            self.prepared.append(
                Prepared(
                    name=name,
                    runtime=runtime.backend,
                    device=None,
                    precision=choice.precision,
                    why=choice.why,
                    outcome="none",
                    built_s=opened_s,
                )
            )
            return
        sidecar = built.sidecar
        if sidecar.identity.digest in self._digests:
            return  # two uses of one graph
        self._digests.add(sidecar.identity.digest)
        self.prepared.append(
            Prepared(
                name=name,
                runtime=f"{sidecar.identity.runtime} {short(sidecar.identity.runtime_version)}",
                device=sidecar.identity.device.name,
                precision=choice.precision,
                why=choice.why,
                outcome=_outcome(built, anew=self._anew),
                size_bytes=sidecar.size_bytes,
                built_s=sidecar.built_s,
                fault=built.replaced,
            )
        )


def open_counted(
    runtime: RuntimeConfig,
    count: PlanCount,
    name: str,
    path: Path,
    *,
    outputs: Sequence[str] | None = None,
) -> Engine:
    """Open a graph as a run does (``OpenEngine``, given the first two), and count its plan."""
    return open_engine(path, runtime, outputs=outputs, plans=count, name=name)


def short(version: str) -> str:
    """Return the version that people know of one that names a build as well."""
    return version.partition("-")[0]


def _outcome(built: BuiltPlan, *, anew: bool) -> Outcome:
    if not built.made:
        return "there"
    return "rebuilt" if anew or built.replaced is not None else "built"
