"""`subface engines list`, `verify` and `prune`: the plans that are stored."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from engines.backends.foreign import foreign
from engines.errors import ConfigError, PlanError
from engines.plans.store import PlanStore, StoredPlan
from stream.prepare.preparation import short

PIPE_WIDTH: Final = 200  # cells where no terminal says how wide it is: lines stay whole
HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneOptions:
    """The arguments of ``subface engines prune``."""

    older_than_days: float | None
    foreign: bool
    broken: bool
    everything: bool
    yes: bool


def list_stored(*, as_json: bool) -> int:
    """Print what is stored and return the exit code.

    Raises:
        PlanError: If the folder cannot be read.
    """
    store = PlanStore()
    entries = store.entries()
    if as_json:
        sys.stdout.write(json.dumps([_record(store, one) for one in entries], indent=2) + "\n")
        return 0
    console = _console()
    if entries:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("network", "runtime", "precision", "MB", "age", "device", "usable here"):
            table.add_column(column, justify="right" if column == "MB" else "left")
        for entry in entries:
            table.add_row(*_row(entry))
        console.print(table, markup=False)
    else:
        console.print("no plans are stored; `subface engines build` builds those of a profile")
    console.print(f"plans: {store.folder}", style="dim", markup=False)
    return 0


def verify(*, quiet: bool) -> int:
    """Hold every plan against its sidecar and return the exit code: 2 if one must not be loaded.

    Raises:
        PlanError: If the folder cannot be read.
    """
    store = PlanStore()
    entries = store.entries()
    for entry in entries:
        if not quiet:
            sys.stdout.write(_verdict(entry) + "\n")
    faults = [entry for entry in entries if entry.fault is not None]
    if not quiet:
        sys.stdout.write(f"{len(entries) - len(faults)} of {len(entries)} are whole\n")
    if faults and not quiet:
        sys.stderr.write(
            "`subface engines build` with the options of the run builds a broken one anew; "
            "`subface engines prune --broken` shows what would be removed\n"
        )
    return PlanError.exit_code if faults else 0


def prune(options: PruneOptions) -> int:
    """Say what would be removed, or remove it, and return the exit code.

    Raises:
        ConfigError: If nothing says which.
        PlanError: If one cannot be removed.
    """
    if not (options.everything or options.foreign or options.broken or options.older_than_days):
        msg = "prune: which? --older-than DAYS, --foreign, --broken (any of these), or --all"
        raise ConfigError(msg)
    store = PlanStore()
    chosen = [entry for entry in store.entries() if _is_chosen(entry, options)]
    for entry in chosen:
        if options.yes:
            store.remove(entry.digest)
        sys.stdout.write(f"{_called(entry)}: {'removed' if options.yes else 'would go'}\n")
    size = sum(entry.sidecar.size_bytes for entry in chosen if entry.sidecar is not None)
    if not chosen:
        sys.stdout.write(f"nothing of that kind in {store.folder}\n")
    elif not options.yes:
        sys.stdout.write(f"{len(chosen)} plans, {size / 1e6:.1f} MB; --yes removes them\n")
    return 0


def _is_chosen(entry: StoredPlan, options: PruneOptions) -> bool:
    sidecar = entry.sidecar
    if options.everything or (options.broken and entry.fault is not None):
        return True
    if sidecar is None:
        return False
    days = options.older_than_days
    if days is not None and _age(entry) > timedelta(days=days):
        return True
    return options.foreign and foreign(sidecar.identity) is not None


def _row(entry: StoredPlan) -> Sequence[str]:
    sidecar = entry.sidecar
    if sidecar is None:
        return (f"{entry.digest[:12]}...", *"?????", f"broken: {entry.fault}")
    identity = sidecar.identity
    told = identity.settings
    precision = told.get("INFERENCE_PRECISION_HINT", told.get("precision", "?"))
    return (
        sidecar.name,
        f"{identity.runtime} {short(identity.runtime_version)}",
        str(precision),
        f"{sidecar.size_bytes / 1e6:.1f}",
        _ago(_age(entry)),
        identity.device.name,
        _usable(entry),
    )


def _usable(entry: StoredPlan) -> str:
    if entry.fault is not None or entry.sidecar is None:
        return f"broken: {entry.fault}"
    reason = foreign(entry.sidecar.identity)
    return "yes" if reason is None else f"no: {reason}"


def _record(store: PlanStore, entry: StoredPlan) -> dict[str, Any]:
    sidecar = entry.sidecar
    return {
        "digest": entry.digest,
        "path": str(store.plan_path(entry.digest)),
        "fault": entry.fault,
        "foreign": None if sidecar is None else foreign(sidecar.identity),
        "sidecar": None if sidecar is None else sidecar.model_dump(mode="json"),
    }


def _verdict(entry: StoredPlan) -> str:
    if entry.fault is not None or entry.sidecar is None:
        return f"{_called(entry)}: {entry.fault}"
    return f"{_called(entry)}: ok {entry.sidecar.sha256}"


def _called(entry: StoredPlan) -> str:
    name = "?" if entry.sidecar is None else entry.sidecar.name
    return f"{name} ({entry.digest[:12]}...)"


def _age(entry: StoredPlan) -> timedelta:
    made_at = datetime.now(UTC) if entry.sidecar is None else entry.sidecar.made_at
    return datetime.now(UTC) - made_at


def _ago(age: timedelta) -> str:
    hours = age.total_seconds() / HOUR_S
    return f"{age.days} d" if age.days else (f"{hours:.0f} h" if hours >= 1 else "< 1 h")


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH)
