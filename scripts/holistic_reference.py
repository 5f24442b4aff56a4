"""Records what MediaPipe's own Holistic sees on the shared clips, for the parity tests.

    python scripts/holistic_reference.py [--only NAME ...]

MediaPipe wants numpy 1 and brings a second OpenCV: it lives in an environment of its own,
.venv-holistic, which this script makes, and what it saw is recorded into
tests/engines/holistic_reference/, so that CI compares without it. `provenance.json` there says
which versions saw which files; the pixels are pinned by the digest of the decoded frames.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv-holistic"
REFERENCE = ROOT / "tests" / "engines" / "holistic_reference"
SHARED = Path(os.environ.get("SUBFACE_SHARED", ROOT.parent / "shared")).resolve()

REQUIREMENTS = ("mediapipe==0.10.21", "av==18.1.0")

CLIPS = (
    "faces/astronaut.png",
    "gestures/asl_gestures_help.mkv",
    "gestures/asl_gestures_no.mkv",
    "gestures/asl_gestures_please.mkv",
    "gestures/asl_gestures_sorry.mkv",
    "gestures/asl_gestures_thanks.mkv",
    "gestures/asl_gestures_yes.mkv",
    "grid/bbaf2n.mpg",
    "grid/brbk7n.mpg",
    "grid/lbax4n.mpg",
    "grid/pwij3p.mpg",
    "grid/sbwe5n.mpg",
    "grid/swiz3n.mpg",
    "faces/WolfgangLanger_Pexels.mp4",
)
KEEP_EVERY = {"faces/WolfgangLanger_Pexels.mp4": 4}  # only its face is compared, and it is long

HOLISTIC = {"model_complexity": 1, "smooth_landmarks": False, "refine_face_landmarks": True}

UPPER_BODY = 23  # of the 33 landmarks: down to the hands; the legs are out of every picture
UNITS_A_PIXEL = 16  # positions are stored as int16 in sixteenths: finer than any jitter
UNITS_LIMIT = 32_000
IRIS_CENTRES = (468, 473)  # the person's right, left


def main() -> None:
    """Make the environment if need be, then record in it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", nargs="*", help="record only clips whose path contains this")
    options = arguments.parse_args()
    python = prepare()
    if Path(sys.prefix).resolve() != ENVIRONMENT.resolve():
        raise SystemExit(subprocess.call([python, __file__, *sys.argv[1:]]))
    record(options.only)


def prepare() -> Path:
    """Return the interpreter of the environment, which is made once."""
    python = ENVIRONMENT / "bin" / "python"
    done = ENVIRONMENT / ".holistic"
    if not done.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", *REQUIREMENTS]
        subprocess.run(install, check=True)
        done.touch()
    return python


def record(only: list[str] | None) -> None:
    """Run Holistic over the clips and write what it saw."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    provenance_file = REFERENCE / "provenance.json"
    clips = {}
    if only and provenance_file.exists():
        clips = json.loads(provenance_file.read_text(encoding="utf-8"))["clips"]
    for clip in CLIPS:
        if only and not any(part in clip for part in only):
            continue
        clips[clip] = see(clip)
        print(clip, clips[clip])
    provenance = {"made_by": "scripts/holistic_reference.py", **versions(), "clips": clips}
    provenance_file.write_text(json.dumps(provenance, indent=1) + "\n", encoding="utf-8")


def versions() -> dict[str, object]:
    """Return what saw, and how it was asked."""
    import av  # noqa: PLC0415 (only in the environment)
    import mediapipe  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    wheel = ENVIRONMENT / "lib"
    records = list(wheel.glob("python*/site-packages/mediapipe-*.dist-info/RECORD"))
    return {
        "mediapipe": mediapipe.__version__,
        "mediapipe_record_sha256": hashlib.sha256(records[0].read_bytes()).hexdigest(),
        "numpy": np.__version__,
        "av": av.__version__,
        "python": sys.version.split()[0],
        "holistic": HOLISTIC,
        "units_a_pixel": UNITS_A_PIXEL,
    }


def see(clip: str) -> dict[str, object]:
    """Run Holistic over one clip, write its arrays, return what pins the input."""
    import numpy as np  # noqa: PLC0415

    path = SHARED / "media" / clip
    images = decode(path)
    seen = watch(images, static=path.suffix == ".png")
    kept = range(0, len(seen), KEEP_EVERY.get(clip, 1))
    arrays = {name: np.stack([seen[k][name] for k in kept]) for name in seen[0]}
    for name in ("pose", "face", "hands"):  # differences in time compress to half
        arrays[name] = np.diff(arrays[name], axis=0, prepend=np.int16(0)).astype(np.int16)
    np.savez_compressed(REFERENCE / f"{path.stem}.npz", every=np.int32(kept.step), **arrays)
    digest = hashlib.sha256()
    for image in images:
        digest.update(image)
    described = {
        "file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "rgb_sha256": digest.hexdigest(),
        "frames": len(seen),
    }
    if clip.startswith("gestures/"):
        described["wavers"] = {
            str(step): wavering(seen[::step], watch(images[::step])) for step in (2, 3)
        }
    return described


def decode(path: Path) -> list:
    """Return the pictures of a clip."""
    import av  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    with av.open(path) as container:
        # rows whose length is no multiple of 32 bytes come as a view with gaps
        return [
            np.ascontiguousarray(picture.to_ndarray(format="rgb24"))
            for picture in container.decode(video=0)
        ]


def watch(images: list, *, static: bool = False) -> list[dict]:
    """Return what Holistic sees in pictures that follow each other."""
    from mediapipe.python.solutions.holistic import Holistic  # noqa: PLC0415

    with Holistic(static_image_mode=static, **HOLISTIC) as holistic:
        return [points(holistic.process(i), i.shape[1], i.shape[0]) for i in images]


def wavering(often: list[dict], seldom: list[dict]) -> dict[str, float]:
    """Return by how much Holistic disagrees with itself when it is shown fewer frames.

    The median over frames of the mean distance of a part's points, in shoulder widths: what rests
    on nothing but which frames came before.
    """
    import numpy as np  # noqa: PLC0415

    apart: dict[str, list[float]] = {"body": [], "face": [], "left_hand": [], "right_hand": []}
    for first, second in zip(often, seldom, strict=True):
        left, right = first["pose"][[11, 12]].astype(float)
        for part, name, which, mask in (
            ("body", "pose", [0, 11, 12], 0),
            ("face", "face", slice(None), 1),
            ("left_hand", "hands", 0, 2),
            ("right_hand", "hands", 1, 3),
        ):
            if first["found"][mask] and second["found"][mask]:
                moved = first[name][which].astype(float) - second[name][which]
                away = np.linalg.norm(moved, axis=-1).mean() / np.linalg.norm(left - right)
                apart[part].append(away)
    return {part: round(float(np.median(values)), 5) for part, values in apart.items()}


def points(result, width: int, height: int) -> dict:  # noqa: ANN001 (a named tuple made at run time)
    """Return one result as fixed-size arrays; what was not found is zero and not in the mask."""
    import numpy as np  # noqa: PLC0415

    def pixels(landmarks, count: int):  # noqa: ANN001, ANN202
        if landmarks is None:
            return np.zeros((count, 2), np.int16)
        xy = np.array([(point.x * width, point.y * height) for point in landmarks.landmark])
        units = np.rint(xy * UNITS_A_PIXEL)
        return np.clip(units, -UNITS_LIMIT, UNITS_LIMIT).astype(np.int16)

    visible = np.zeros(33)
    if result.pose_landmarks is not None:
        visible = np.array([point.visibility for point in result.pose_landmarks.landmark])
    hands = (result.left_hand_landmarks, result.right_hand_landmarks)
    sys.path.insert(0, str(ROOT))  # the plain data of the spec loads under any numpy
    from engines.perception.keypoints.numberings import IBUG_FROM_MESH  # noqa: PLC0415

    return {
        "found": np.array(
            [p is not None for p in (result.pose_landmarks, result.face_landmarks, *hands)]
        ),
        "pose": pixels(result.pose_landmarks, 33)[:UPPER_BODY],
        "visibility": np.rint(visible[:UPPER_BODY] * 255).astype(np.uint8),
        "face": pixels(result.face_landmarks, 478)[[*IBUG_FROM_MESH, *IRIS_CENTRES]],
        "hands": np.stack([pixels(hand, 21) for hand in hands]),
    }


if __name__ == "__main__":
    main()
