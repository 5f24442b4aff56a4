"""What opening a profile's engines takes: compiled from their graphs, and loaded from stored plans.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/plans.py [--profile P] [--set K=V] [--times N]

Every opening is in a process of its own, plans and graphs in turn, since a runtime keeps what it
compiled. What is told is the processor time that opening takes, the median of N openings with the
least and the most, and the memory that the process has more than before. Plans are built into a
folder that is removed. Digests of graphs are computed before: a run does so in either case.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openvino
import psutil

from engines.backends import open_engine
from engines.engine import Engine
from engines.models.store import ModelStore, sha256
from engines.plans.builder import PlanBuilder
from engines.plans.store import PlanStore
from stream.config import Profile
from stream.prepare.every_engine import every_engine
from stream.profile import load_profile

MB = 1e6


def main() -> None:
    """Build, open many times, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--profile", default="embedded")
    parser.add_argument("--set", dest="overrides", action="append", default=[])
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--once", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    profile = load_profile(arguments.profile, arguments.overrides)
    if arguments.once is not None:
        print(json.dumps(opened(profile, PlanStore(arguments.once))))
        return
    with tempfile.TemporaryDirectory() as folder:
        built, empty = Path(folder) / "built", Path(folder) / "empty"
        build(profile, PlanStore(built))
        takes: dict[str, list[Any]] = {"graph": [], "plan": []}
        for _ in range(arguments.times):
            takes["graph"].append(in_a_process(empty))
            takes["plan"].append(in_a_process(built))
    show(takes)


def in_a_process(root: Path) -> Any:
    """Open everything in a new process and return what it tells."""
    command = [sys.executable, __file__, *sys.argv[1:], "--once", str(root)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def build(profile: Profile, plans: PlanStore) -> None:
    """Store the plans of a profile."""
    builder = PlanBuilder(plans, built=lambda _: None)
    runtime = profile.perception.runtime

    def open_(name: str, path: Path, *, outputs: Sequence[str] | None = None) -> Engine:
        return open_engine(path, runtime, outputs=outputs, plans=builder, name=name)

    with every_engine(profile, ModelStore(), open_):
        pass


def opened(profile: Profile, plans: PlanStore) -> dict[str, Any]:
    """Open every engine once; return the milliseconds of each, and the memory of all."""
    spent_ms: dict[str, float] = {}
    runtime = profile.perception.runtime

    def timed(name: str, path: Path, *, outputs: Sequence[str] | None = None) -> Engine:
        sha256(path)
        began_s = time.process_time()
        engine = open_engine(path, runtime, outputs=outputs, plans=plans, name=name)
        spent_ms.setdefault(name, 1e3 * (time.process_time() - began_s))
        return engine

    openvino.Core().get_property("CPU", "FULL_DEVICE_NAME")  # the plugin itself is not counted
    process = psutil.Process()
    before = process.memory_info().rss
    with every_engine(profile, ModelStore(), timed):
        return {"ms": spent_ms, "mb": (process.memory_info().rss - before) / MB}


def show(takes: dict[str, list[Any]]) -> None:
    """Print a line a network, and all of them together."""
    print("| network | from its graph ms | from its plan ms | times |\n| --- | --- | --- | --- |")
    for name in [*takes["graph"][0]["ms"], "all"]:
        graph, plan = (
            [sum(take["ms"].values()) if name == "all" else take["ms"][name] for take in takes[way]]
            for way in ("graph", "plan")
        )
        ratio = statistics.median(graph) / statistics.median(plan)
        print(f"| {name} | {told(graph)} | {told(plan)} | {ratio:.1f} |")
    for way, each in takes.items():
        print(f"memory from each {way}: {statistics.median(take['mb'] for take in each):.0f} MB")


def told(values: Sequence[float]) -> str:
    """Return the median with the least and the most."""
    return f"{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})"


if __name__ == "__main__":
    main()
