"""Compiled plans in the cache: one runtime's work on one graph for one machine, kept for the next.

    plans/DIGEST.plan     what the runtime wrote
    plans/DIGEST.json     its sidecar: the identity in full, size and digest of the plan
    plans/DIGEST.lock     held by who builds it

A runtime loads a plan as if it were code, so nothing is handed out that is not, byte by byte, what
was built for this very identity: it is read once, held against its sidecar, and only then given to
whoever deserialises it. The sidecar is written last and removed first: without one there is no
plan. That keeps out what broke and what belongs elsewhere. Who may write in this folder can forge
both files; no digest helps against that.
"""

import logging
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from filelock import FileLock, Timeout

from engines.errors import PlanError
from engines.models.store import cache_root
from engines.plans.identity import PlanIdentity
from engines.plans.plain_file import read_plain, write_whole
from engines.plans.sidecar import LARGEST_BYTES, Sidecar

logger = logging.getLogger(__name__)

REMEDY: Final = "`subface engines build` with the options of the run makes it anew"
ELSEWHERE: Final = "SUBFACE_CACHE names a folder that can be written"
LOOKS: Final = 3
"""A plan that is just being replaced looks broken once; not three times."""
FILE: Final = re.compile(r"\.?([0-9a-f]{64})\.(?:plan|json)(?:\.\d+\.part)?")
"""With what somebody left who was ended while writing."""


@runtime_checkable
class Plans(Protocol):
    """Where a runtime that opens a graph gets its compiled plan."""

    def obtain(self, identity: PlanIdentity, make: Callable[[], bytes], name: str) -> bytes:
        """Return a plan that cannot be done without; it is made if there is none.

        Args:
            identity: What it was made for.
            make: Compiles it.
            name: What the graph is called.

        Raises:
            PlanError: If there is one that must not be loaded.
            EngineError: Whatever ``make`` raises.
        """
        ...

    def offer(self, identity: PlanIdentity, make: Callable[[], bytes], name: str) -> bytes | None:
        """Return a plan that merely saves time; None where the graph itself is to be compiled."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """What lies in the store under one name.

    Attributes:
        digest: The identity's, by which the files are named.
        sidecar: What is said of it; None if that is missing or cannot be read.
        fault: Why it must not be loaded; None if it may be.
    """

    digest: str
    sidecar: Sidecar | None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPlan:
    """A plan after it was asked for.

    Attributes:
        plan: Its bytes.
        sidecar: What lies beside it.
        made: Whether it was made now; otherwise it was there.
        replaced: What was wrong with the one before; None if nothing was, or there was none.
    """

    plan: bytes
    sidecar: Sidecar
    made: bool
    replaced: str | None = None


class PlanStore:
    """The plans of a cache folder; as ``Plans`` it is what a live run uses.

    There a broken plan that cannot be done without ends the run, with the command that builds it
    anew; one that can is left aside with a warning, and nothing is stored that merely saves time.

    Attributes:
        folder: Where they lie.

    Args:
        root: The cache folder; the user's by default.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.folder = (cache_root() if root is None else root) / "plans"

    def find(self, identity: PlanIdentity) -> bytes | None:
        """Return the plan that was made for an identity; None if there is none.

        Raises:
            PlanError: If what lies there is not that plan: nothing of it may be loaded.
        """
        found = self._find(identity)
        return None if found is None else found[1]

    def obtain(self, identity: PlanIdentity, make: Callable[[], bytes], name: str) -> bytes:
        """Return a plan, made and stored if there is none; of several callers one makes it.

        Where it cannot be stored it is made nevertheless, with a warning.

        Raises:
            PlanError: If there is one that must not be loaded.
            EngineError: Whatever ``make`` raises.
        """
        plan = self.find(identity)
        if plan is not None:
            return plan
        try:
            with self._turn(identity, name):
                plan = self.find(identity)  # another one may have made it meanwhile
                return self._made(identity, make, name).plan if plan is None else plan
        except _NotWritableError as error:
            logger.warning("%s; it is built at every start until then", error)
            return error.plan or make()

    def offer(
        self,
        identity: PlanIdentity,
        make: Callable[[], bytes],  # noqa: ARG002 (a builder calls it)
        name: str,
    ) -> bytes | None:
        """Return a plan that merely saves time; None, with a warning if it is a broken one."""
        try:
            return self.find(identity)
        except PlanError as error:
            logger.warning("%s: compiled from its graph, since %s", name, error)
            return None

    def build(
        self, identity: PlanIdentity, make: Callable[[], bytes], name: str, *, anew: bool = False
    ) -> BuiltPlan:
        """Return a plan that is in the store afterwards; a broken one is replaced.

        Args:
            identity: What it is made for.
            make: Compiles it.
            name: What the graph is called.
            anew: Make it even if a good one is there.

        Raises:
            PlanError: If it cannot be stored.
            EngineError: Whatever ``make`` raises.
        """
        with self._turn(identity, name):
            replaced = None
            try:
                found = self._find(identity)
            except PlanError as error:
                found, replaced = None, str(error)
            if found is not None and not anew:
                return BuiltPlan(plan=found[1], sidecar=found[0], made=False)
            return replace(self._made(identity, make, name), replaced=replaced)

    def entries(self) -> tuple[StoredPlan, ...]:
        """Return everything that lies there, each plan held against its sidecar, the oldest first.

        Raises:
            PlanError: If the folder cannot be read.
        """
        try:
            names = sorted(path.name for path in self.folder.iterdir())
        except FileNotFoundError:
            return ()
        except OSError as error:
            msg = f"{self.folder}: {error.strerror}"
            raise PlanError(msg) from error
        digests = dict.fromkeys(found[1] for name in names if (found := FILE.fullmatch(name)))
        return tuple(sorted((self._entry(digest) for digest in digests), key=_made_at))

    def remove(self, digest: str) -> None:
        """Remove a plan with all that belongs to it; one that is not there is no error.

        Raises:
            PlanError: If it cannot be removed.
        """
        try:
            for place in (self.sidecar_path(digest), self.plan_path(digest)):
                _remove(place)
            for part in self.folder.glob(f".{digest}.*.part"):
                _remove(part)
        except OSError as error:
            msg = f"{self.folder / digest}: it cannot be removed: {error.strerror}"
            raise PlanError(msg) from error

    def plan_path(self, digest: str) -> Path:
        """Return where the plan of a digest lies, whether it is there or not."""
        return self.folder / f"{digest}.plan"

    def sidecar_path(self, digest: str) -> Path:
        """Return where the sidecar of a digest lies, whether it is there or not."""
        return self.folder / f"{digest}.json"

    def _find(self, identity: PlanIdentity) -> tuple[Sidecar, bytes] | None:
        for look in range(LOOKS):
            before = None
            try:
                before = read_plain(self.sidecar_path(identity.digest), most_bytes=LARGEST_BYTES)
                return None if before is None else self._checked(identity, before)
            except PlanError as error:
                # what somebody is just replacing looks broken, too
                if look + 1 == LOOKS or not self._changed(identity, before):
                    msg = f"{error}; {REMEDY}"
                    raise PlanError(msg) from error
        return None

    def _changed(self, identity: PlanIdentity, before: bytes | None) -> bool:
        path = self.sidecar_path(identity.digest)
        return before is not None and read_plain(path, most_bytes=LARGEST_BYTES) != before

    def _checked(self, identity: PlanIdentity, text: bytes) -> tuple[Sidecar, bytes]:
        path = self.sidecar_path(identity.digest)
        sidecar = Sidecar.parse(text, path)
        difference = identity.difference(sidecar.identity)
        if difference is not None:
            msg = f"{path}: it tells of another plan: {difference}"
            raise PlanError(msg)
        return sidecar, self._plan(sidecar)

    def _plan(self, sidecar: Sidecar) -> bytes:
        """Return the plan that a sidecar tells of, after it was found to be that one."""
        path = self.plan_path(sidecar.identity.digest)
        plan = read_plain(path, most_bytes=sidecar.size_bytes)
        if plan is None:
            msg = f"{path}: it is not there, and its sidecar is"
            raise PlanError(msg)
        fault = sidecar.fault(plan)
        if fault is not None:
            msg = f"{path}: {fault}"
            raise PlanError(msg)
        return plan

    def _entry(self, digest: str) -> StoredPlan:
        path, sidecar = self.sidecar_path(digest), None
        try:
            text = read_plain(path, most_bytes=LARGEST_BYTES)
            if text is None:
                fault = f"{path}: it is not there, so nothing says what lies beside it"
                return StoredPlan(digest=digest, sidecar=None, fault=fault)
            sidecar = Sidecar.parse(text, path)
            told = sidecar.identity.digest
            if told != digest:
                fault = f"{path}: it tells of another plan, {told[:12]}..."
                return StoredPlan(digest=digest, sidecar=sidecar, fault=fault)
            self._plan(sidecar)
        except PlanError as error:
            return StoredPlan(digest=digest, sidecar=sidecar, fault=str(error))
        return StoredPlan(digest=digest, sidecar=sidecar)

    @contextmanager
    def _turn(self, identity: PlanIdentity, name: str) -> Iterator[None]:
        """Hold the lock of one plan; whoever died holding it let it go."""
        path = self.folder / f"{identity.digest}.lock"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(path)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                logger.warning("%s: another process builds it; waiting for it", name)
                lock.acquire()
        except OSError as error:
            msg = f"{path}: plans cannot be stored there: {error.strerror or error}; {ELSEWHERE}"
            raise _NotWritableError(msg) from error
        try:
            yield
        finally:
            lock.release()

    def _made(self, identity: PlanIdentity, make: Callable[[], bytes], name: str) -> BuiltPlan:
        """Make a plan and store it; the lock is held."""
        began_s = time.monotonic()
        plan = make()
        sidecar = Sidecar.of(
            name, identity, plan, built_s=time.monotonic() - began_s, made_at=datetime.now(UTC)
        )
        try:
            self.remove(identity.digest)
            write_whole(self.plan_path(identity.digest), plan)
            text = sidecar.model_dump_json(indent=2) + "\n"
            write_whole(self.sidecar_path(identity.digest), text.encode())
        except (OSError, PlanError) as error:
            msg = f"{self.plan_path(identity.digest)}: it cannot be stored: {error}; {ELSEWHERE}"
            raise _NotWritableError(msg, plan) from error
        return BuiltPlan(plan=plan, sidecar=sidecar, made=True)


class _NotWritableError(PlanError):
    """A plan cannot be stored; it may have been made already."""

    def __init__(self, message: str, plan: bytes | None = None) -> None:
        super().__init__(message)
        self.plan = plan


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _made_at(entry: StoredPlan) -> tuple[str, str]:
    return ("" if entry.sidecar is None else entry.sidecar.made_at.isoformat(), entry.digest)
