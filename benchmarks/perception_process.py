"""What it costs to have the eyes in a process of their own, beside a thread of the program.

    .venv/bin/python benchmarks/perception_process.py
        ../shared/media/faces/WolfgangLanger_Pexels.mp4 [--runs 3] [--set speech.model=null]

Runs take turns, so that what else the machine does falls on both. Each is `subface run CLIP --pace
fast --mqtt off`, a process of its own; processor time is that of the program and its children since
its engines were open, as the summary tells it. Both must publish the same readings.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PLACES = ("thread", "child")
OF_THE_RUN = ("id", "at", "latency_ms", "age_ms")


def run(clip: Path, place: str, settings: list[str]) -> list[dict[str, Any]]:
    """Return the records of one run."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "records.jsonl"
        asked = [f"perception.runtime.process={place}", *settings]
        command = [sys.executable, "-m", "stream.cli", "run", str(clip), "--pace", "fast"]
        command += ["--mqtt", "off", "--quiet", "--jsonl", str(out)]
        command += [word for setting in asked for word in ("--set", setting)]
        subprocess.run(command, check=True)
        return [json.loads(line) for line in out.read_text().splitlines()]


def readings(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was read, without what belongs to the moment of the run."""
    of_kind = [record for record in records if record["kind"] == "reading"]
    return [{k: v for k, v in one.items() if k not in OF_THE_RUN} for one in of_kind]


def main() -> None:
    """Run both places in turns and print what each cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    options = parser.parse_args()
    cpu_ms: dict[str, list[float]] = {place: [] for place in PLACES}
    seen = []
    for _ in range(options.runs):
        for place in PLACES:
            records = run(options.clip, place, options.settings)
            summary, (source,) = records[-1], records[-1]["sources"]
            frames = source["frames_analysed"]
            cpu_ms[place].append(1000 * summary["cpu_s"] / frames)
            seen.append(readings(records))
            print(
                f"{place:6} {frames} frames, {frames / source['wall_s']:5.1f} frames/s, "
                f"{cpu_ms[place][-1]:.2f} CPU-ms a frame",
                flush=True,
            )
    print("the same readings:", all(one == seen[0] for one in seen))
    for place, samples in cpu_ms.items():
        print(f"{place:6} median {statistics.median(samples):.2f} CPU-ms a frame")


if __name__ == "__main__":
    main()
