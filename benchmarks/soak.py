"""Five minutes of a live 720p stream with a face and speech: rate, latency, memory, conservation.

    .venv/bin/python benchmarks/soak.py --seconds 300
    .venv/bin/python benchmarks/soak.py --seconds 120 --load 2     # when there is too little

Encodes a 25 fps 720p clip once (ffmpeg; the picture's face and the demo's reader of a novel, over
and over), serves it by a real RTSP server on loopback (/usr/bin/python3 with gst-rtsp-server;
tests/servers/rtsp_server.py), runs ``subface run`` on it in processes of its own with the embedded
broker, and prints analysed frames a second, the spread of the latency from the arrival of the
newest frame to publication, its median and the resident memory (of all its processes) by the
minute, what was heard and how late, and in = out + drops. ``--load`` spins so many processes
beside it. Exit code 6 if a target is missed.
"""

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from engines.models.store import ModelStore

ROOT = Path(__file__).parents[1]
SYSTEM_PYTHON = "/usr/bin/python3"
REGRESSION = 6
MB = 2**20
MINUTE_S = 60.0


def main() -> int:
    """Run the benchmark and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument(
        "--picture",
        type=Path,
        default=ROOT.parent / "shared/media/faces/WolfgangLanger_Pexels.mp4",
    )
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    parser.add_argument("--load", type=int, default=0, help="processes that spin beside it")
    parser.add_argument("--min-fps", type=float, default=8.0)
    parser.add_argument("--max-p95-ms", type=float, default=400.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        speech = ModelStore().path("demo-speech")
        clip = encode(arguments.picture, speech, Path(folder) / "live.mp4")
        spin = [sys.executable, "-c", "while True: pass"]
        spinning = [subprocess.Popen(spin) for _ in range(arguments.load)]
        server = subprocess.Popen(
            [SYSTEM_PYTHON, str(ROOT / "tests/servers/rtsp_server.py"), f"--file={clip}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            url = server.stdout.readline().strip()
            records, memory = watch(url, arguments, Path(folder) / "records.jsonl")
        finally:
            for process in (server, *spinning):
                process.kill()
                process.wait()
    return report(records, memory, arguments)


def encode(picture: Path, speech: Path, out: Path) -> Path:
    """Make the clip: 1280x720 at 25 frames a second, H.264 without B frames, AAC sound."""
    command = (
        f"ffmpeg -v error -stream_loop -1 -i {picture} -i {speech} "
        "-map 0:v -map 1:a -shortest -vf scale=1280:720,fps=25 -c:v libx264 -preset veryfast "
        f"-tune zerolatency -g 25 -pix_fmt yuv420p -c:a aac -y {out}"
    )
    subprocess.run(command.split(), check=True)
    return out


def watch(
    url: str, arguments: argparse.Namespace, out: Path
) -> tuple[list[dict], list[tuple[float, float]]]:
    """Run the monitor and sample its memory every second; return records and (s, MB)."""
    settings = [word for value in arguments.overrides for word in ("--set", value)]
    words = [f"live={url}", "--mqtt", "embedded", "--quiet", "--jsonl", str(out), *settings]
    monitor = subprocess.Popen([sys.executable, "-m", "stream.cli", "run", *words])
    process, started_s, memory = psutil.Process(monitor.pid), time.monotonic(), []
    while (elapsed_s := time.monotonic() - started_s) < arguments.seconds:
        if monitor.poll() is not None:
            raise SystemExit(monitor.returncode)
        memory.append((elapsed_s, resident_mb(process)))
        time.sleep(1)
    monitor.send_signal(signal.SIGINT)
    monitor.wait(timeout=20)
    return [json.loads(line) for line in out.read_text().splitlines()], memory


def resident_mb(process: psutil.Process) -> float:
    """Return the resident memory of a process and of those that it started."""
    family = [process, *process.children(recursive=True)]
    resident = 0
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            resident += member.memory_info().rss
    return resident / MB


def report(
    records: list[dict], memory: list[tuple[float, float]], arguments: argparse.Namespace
) -> int:
    """Print what was measured and return the exit code."""
    readings = [record for record in records if record["kind"] == "reading"]
    source = records[-1]["sources"][0]
    fps = source["frames_analysed"] / source["wall_s"]
    totals = np.array([reading["latency_ms"]["total"] for reading in readings])
    minutes = np.array([reading["window"]["end_s"] for reading in readings])
    minutes = ((minutes - minutes[0]) // MINUTE_S).astype(int)
    medians = [float(np.median(totals[minutes == m])) for m in range(minutes[-1] + 1)]
    resident = by_minute(memory)
    p95 = float(np.percentile(totals, 95))
    print(f"{source['frames_analysed']} frames analysed: {fps:.1f}/s; {len(readings)} readings")
    print(f"latency, ms: median {np.median(totals):.0f}, p95 {p95:.0f}, max {totals.max():.0f}")
    print("latency, median by the minute, ms:", *(f"{median:.0f}" for median in medians))
    print("resident memory by the minute, MB:", *(f"{value:.0f}" for value in resident))
    heard, details = source["speech"], []
    if heard is not None:
        print(
            f"heard {heard['words']} words in {heard['utterances']} utterances by "
            f"{heard['passes']} passes, {heard['switches']} changes of policy; "
            f"from a word's end until known, s: {heard['delay_s']}"
        )
        details = [r["detail"] for r in records if r.get("role") == "speech" and r.get("detail")]
    for detail in details:
        print(f"speech: {detail}")
    for edge in (*source["edges"], *records[-1]["deliveries"]):
        drops = sum(edge["drops"].values())
        print(f"{edge['edge']}: in {edge['received']} = out {edge['delivered']} + drops {drops}")
    verdicts = {
        f"at least {arguments.min_fps:g} frames/s": fps >= arguments.min_fps,
        f"p95 under {arguments.max_p95_ms:g} ms": p95 < arguments.max_p95_ms,
        "in = out + drops": all(
            edge["received"] == edge["delivered"] + sum(edge["drops"].values())
            for edge in (*source["edges"], *records[-1]["deliveries"])
        ),
    }
    if len(medians) > 2:
        # the last minute, unless it is only begun; the first one has the start in it
        last = medians[-1] if np.sum(minutes == minutes[-1]) >= MINUTE_S else medians[-2]
        # the medians waver by some ms from minute to minute, which is no growth
        growth_ms = last - medians[1]
        verdicts["latency did not grow: last minute at most 20 % or 15 ms above the second"] = (
            growth_ms <= max(0.2 * medians[1], 15.0)
        )
        verdicts["memory within 5 % of the first minute"] = resident[-1] / resident[0] <= 1.05
    for what, holds in verdicts.items():
        print(f"{'holds' if holds else 'MISSED'}: {what}")
    return 0 if all(verdicts.values()) else REGRESSION


def by_minute(memory: list[tuple[float, float]]) -> list[float]:
    """Return the mean resident memory of each minute that was sampled to its end."""
    times, values = np.array(memory).T
    last = max(1, round(times[-1] / MINUTE_S))
    # the first seconds of the first minute are the engines being opened
    return [
        float(np.mean(values[(times >= max(10, m * MINUTE_S)) & (times < (m + 1) * MINUTE_S)]))
        for m in range(last)
    ]


if __name__ == "__main__":
    raise SystemExit(main())
