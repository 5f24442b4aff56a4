"""Graphs out of weights: converted by another Python, which has torch and Ultralytics.

The two environments never meet: Ultralytics brings a second OpenCV that would overwrite ours, and
six gigabytes that no monitoring box needs.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from engines.errors import ConfigError, ModelSourceError
from engines.models.manifest import Recipe

VARIABLE: Final = "SUBFACE_BUILD_PYTHON"
BUILD_PYTHON: Final = Path(".venv-build") / "bin" / "python"
CHECKOUT: Final = Path(__file__).parents[2]
PROGRAMS: Final[Mapping[Recipe, str]] = {
    "person-boxes": "engines.build.onnx_export",
    "dinov2-crop": "engines.build.dinov2_export",
    "face-embedding": "engines.build.face_embedding_export",
    "whole-body": "engines.build.whole_body_export",
    "text-encoder": "engines.build.text_encoder_export",
    "tflite": "engines.build.tflite_export",
}
# of this interpreter alone: they would lead the other one to our packages
OURS: Final = frozenset({"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONWARNINGS"})


def build_python() -> Path:
    """Return the Python that converts models.

    Raises:
        ConfigError: If ``$SUBFACE_BUILD_PYTHON`` names no file.
        ModelSourceError: If there is none, with the command that makes it.
    """
    stated = os.environ.get(VARIABLE)
    if stated:
        if Path(stated).is_file():
            return Path(stated)
        msg = f"{VARIABLE}={stated}: no such file; name a Python that has subface[build]"
        raise ConfigError(msg)
    for folder in (Path.cwd(), CHECKOUT):
        if (folder / BUILD_PYTHON).is_file():
            return folder / BUILD_PYTHON
    msg = (
        "it is converted in an environment of its own, and there is none: run `make build-env` in "
        f"the checkout (once, 2-5 minutes, 6 GB), or set {VARIABLE} to a Python with subface[build]"
    )
    raise ModelSourceError(msg)


def convert(
    recipe: Recipe,
    weights: Path,
    out: Path,
    *,
    canvas_hw: tuple[int, int] | None = None,
    tokens: int | None = None,
    options: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Make a graph out of weights, and its provenance beside it.

    Args:
        recipe: How.
        weights: The file that it is made from; its digest has been checked, or its user trusts it.
        out: Where the graph goes.
        canvas_hw: Of a recipe that lays pictures on one.
        tokens: Of a recipe for texts: the longest.
        options: Further settings of the recipe.

    Raises:
        ConfigError: If ``$SUBFACE_BUILD_PYTHON`` names no file.
        ModelSourceError: If there is no such Python, or the conversion fails.
    """
    command = [str(build_python()), "-m", PROGRAMS[recipe], recipe, "--weights", str(weights)]
    if canvas_hw is not None:
        command += ["--canvas", f"{canvas_hw[0]}x{canvas_hw[1]}"]
    if tokens is not None:
        command += ["--tokens", str(tokens)]
    command += ["--out", str(out), *(f"--{key}={value}" for key, value in options.items())]
    with tempfile.TemporaryDirectory(prefix="convert-") as settings:
        done = subprocess.run(  # noqa: S603 (the configured interpreter, arguments from the manifest)
            command,
            cwd=settings,
            env=build_environment(settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        last = (done.stderr.strip() or f"exit code {done.returncode}").rpartition("\n")[2]
        msg = f"the conversion failed: {last}; run it by hand to see more: {' '.join(command)}"
        raise ModelSourceError(msg)


def build_environment(settings: str) -> dict[str, str]:
    """Return the environment of the Python that converts.

    Args:
        settings: The folder for what its packages write of their own.
    """
    kept = {key: value for key, value in os.environ.items() if key not in OURS}
    # Ultralytics and matplotlib write settings into the home folder otherwise
    kept |= {"YOLO_CONFIG_DIR": settings, "MPLCONFIGDIR": settings}
    if (CHECKOUT / "pyproject.toml").is_file():
        kept["PYTHONPATH"] = str(CHECKOUT)  # in a checkout the build environment need not have us
    return kept
