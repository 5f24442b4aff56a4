"""How fast the monitor reads a file, and what it costs outside the engines.

    .venv/bin/python benchmarks/throughput.py ../shared/media/faces/WolfgangLanger_Pexels.mp4

Runs ``subface run CLIP --pace fast`` in this process and prints analysed frames a second, the CPU
time outside the engines a frame, and each engine's own time. Exit code 6 below the targets
(30 frames/s, 8 ms), which are those of two cores of a server CPU.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

from engines.models.store import ModelStore
from stream.plan import Plan
from stream.profile import load_profile
from stream.session import run_session
from stream.source.address import parse_sources

REGRESSION = 6


def main() -> int:
    """Run the benchmark and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--profile", default="embedded")
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    parser.add_argument("--min-fps", type=float, default=30.0)
    parser.add_argument("--max-outside-ms", type=float, default=8.0)
    arguments = parser.parse_args()
    summary, wall_s = measure(arguments.clip, arguments.profile, arguments.overrides)
    source = summary["sources"][0]
    frames, engine_s = source["frames_analysed"], summary["engine_s"]
    inside_s, cpu_s = summary["engine_cpu_s"], summary["cpu_s"]
    if inside_s is None:
        msg = "perception.runtime.threads must be 1: CPU time inside is not known else"
        raise SystemExit(msg)
    fps = frames / source["wall_s"]
    outside_ms = 1000 * (cpu_s - sum(inside_s.values())) / frames
    print(f"{arguments.clip.name}: {frames} frames analysed in {source['wall_s']:.2f} s")
    print(f"  {fps:.1f} analysed frames/s (with engine start: {frames / wall_s:.1f})")
    print(
        f"  CPU {1000 * cpu_s / frames:.2f} ms a frame, of it outside the engines {outside_ms:.2f}"
    )
    for name, spent_s in engine_s.items():
        cpu_ms, wall_ms = 1000 * inside_s[name] / frames, 1000 * spent_s / frames
        print(f"  {name:<28} CPU {cpu_ms:6.2f} ms a frame, wall {wall_ms:6.2f}")
    ok = fps >= arguments.min_fps and outside_ms <= arguments.max_outside_ms
    print("within the targets" if ok else "MISSES the targets")
    return 0 if ok else REGRESSION


def measure(clip: Path, profile: str, overrides: list[str]) -> tuple[dict, float]:
    """Return the summary of one run, and the wall seconds that it took, engine start included."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "records.jsonl"
        plan = Plan(
            profile=load_profile(profile, ["source.pace=fast", *overrides]),
            sources=parse_sources([str(clip)]),
            mqtt_url=None,
            jsonl=out,
            console=None,
            for_s=None,
        )
        started_s = time.perf_counter()
        code = asyncio.run(run_session(plan, ModelStore()))
        wall_s = time.perf_counter() - started_s
        if code:
            raise SystemExit(code)
        return json.loads(out.read_text().splitlines()[-1]), wall_s


if __name__ == "__main__":
    raise SystemExit(main())
