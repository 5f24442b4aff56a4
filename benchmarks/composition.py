"""The whole monitor against its parts put together plainly, and what each further person costs.

    .venv/bin/python benchmarks/composition.py [CLIP ...] [--limit FRAMES]

Plainly put together, every frame goes through Ultralytics' predict (640, persons only), MediaPipe's
Holistic and fer's network, in turn. Their packages cannot share an environment, so each is timed
over the clip's frames in its own (.venv-build; .venv-holistic, which scripts/holistic_reference.py
makes; fer's network by our runtime, which flatters the rival), with the threads it takes by itself,
and the times a frame are added. Ours is ``subface run CLIP --pace fast`` as a whole, decoding
included, everything on. All on the same machine, one after the other. Exit code 6 below 2.5 times.

Then the clips with several people: read for one subject, and for everyone.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MEDIA = ROOT.parent / "shared" / "media"
CLIPS = ("faces/WolfgangLanger_Pexels.mp4", "gestures/asl_gestures_please.mkv")
GROUPS = {
    "faces/head-pose-face-detection-female-and-male.gif": 2,
    "faces/face-demographics-walking-and-pause.gif": 3,
}
PYTHONS = {
    "predict": ROOT / ".venv-build/bin/python",
    "holistic": ROOT / ".venv-holistic/bin/python",
}
FASTER = 2.5
REGRESSION = 6
WARM_UP = 5


def main() -> int:
    """Measure, print, return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--limit", type=int, default=150, help="Frames of the rivals' turns.")
    parser.add_argument("--turn", choices=TURNS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.turn:
        sys.stdout.write(json.dumps(TURNS[options.turn](options.clips[0], options.limit)))
        return 0
    clips = options.clips or [MEDIA / clip for clip in CLIPS]
    ratios = [compare(clip, options.limit) for clip in clips]
    for clip, people in GROUPS.items():
        further(MEDIA / clip, people)
    return 0 if min(ratios) >= FASTER else REGRESSION


def compare(clip: Path, limit: int) -> float:
    """Print one clip's figures and return how many times faster ours is."""
    plain_ms = {name: turn(name, python, clip, limit) for name, python in PYTHONS.items()}
    ours = run(clip, "main")
    frames = ours["sources"][0]["frames_analysed"]
    plain_ms["fer"] = 1000 * ours["engine_s"]["fer-expression"] / frames
    plain_fps = 1000 / sum(plain_ms.values())
    fps = frames / ours["sources"][0]["wall_s"]
    parts = ", ".join(f"{name} {ms:.1f}" for name, ms in plain_ms.items())
    print(f"{clip.name}: plainly {plain_fps:.1f} frames/s (ms a frame: {parts})")
    alone = fps * plain_ms["holistic"] / 1000
    print(
        f"  ours {fps:.1f} analysed frames/s: {fps / plain_fps:.1f} times that, and {alone:.2f} "
        "times Holistic alone (which does not decode here)"
    )
    return fps / plain_fps


def further(clip: Path, people: int) -> None:
    """Print what each further person of a group costs."""
    one, everyone = (run(clip, subject) for subject in ("main", "all"))
    cpu_ms = [1000 * s["cpu_s"] / s["sources"][0]["frames_analysed"] for s in (one, everyone)]
    each_ms = (cpu_ms[1] - cpu_ms[0]) / (people - 1)
    print(
        f"{clip.name}: CPU a frame {cpu_ms[0]:.1f} ms for the subject, {cpu_ms[1]:.1f} ms for all "
        f"{people}: {each_ms:.1f} ms each further person"
    )


def run(clip: Path, subject: str) -> dict:
    """Return the summary of a run of the monitor."""
    from throughput import measure  # noqa: PLC0415 (the rivals' environments cannot import it)

    return measure(clip, "embedded", [f"reading.subject={subject}"])[0]


def turn(name: str, python: Path, clip: Path, limit: int) -> float:
    """Return the milliseconds a frame of one rival, measured in its own environment."""
    if not python.exists():
        msg = f"{python} is missing: make build-env, scripts/holistic_reference.py"
        raise SystemExit(msg)
    command = [str(python), __file__, str(clip), "--turn", name, "--limit", str(limit)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return json.loads(done.stdout.splitlines()[-1])


def predict(clip: Path, limit: int) -> float:
    """Time Ultralytics' predict."""
    from ultralytics import YOLO  # noqa: PLC0415

    weights = Path.home() / ".cache/subface/models/yolo11n-seg/yolo11n-seg.pt"
    model = YOLO(weights)
    return timed(clip, limit, lambda bgr: model.predict(bgr, imgsz=640, classes=[0], verbose=False))


def holistic(clip: Path, limit: int) -> float:
    """Time MediaPipe's Holistic."""
    import cv2  # noqa: PLC0415
    from mediapipe.python.solutions.holistic import Holistic  # noqa: PLC0415

    with Holistic(model_complexity=1, refine_face_landmarks=True) as network:
        return timed(clip, limit, lambda bgr: network.process(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)))


def timed(clip: Path, limit: int, look) -> float:  # noqa: ANN001
    """Return the mean wall milliseconds of a look at a frame, decoding left out."""
    import cv2  # noqa: PLC0415

    video, spent_s, frames = cv2.VideoCapture(str(clip)), 0.0, 0
    while frames < limit + WARM_UP:
        there, bgr = video.read()
        if not there:
            break
        started_s = time.perf_counter()
        look(bgr)
        frames += 1
        if frames > WARM_UP:
            spent_s += time.perf_counter() - started_s
    return 1000 * spent_s / (frames - WARM_UP)


TURNS = {"predict": predict, "holistic": holistic}


if __name__ == "__main__":
    raise SystemExit(main())
