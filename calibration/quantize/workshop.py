"""Where graphs are made in other precisions: in a Python that has NNCF and onnx.

The monitor's own need not have them; inputs are handed over as files, never more than names.
"""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from calibration.quantize.recipe import Recipe
from engines.errors import ModelSourceError
from engines.models.convert import build_environment, build_python


def make(
    graph: Path,
    precision: Literal["fp16", "int8"],
    out: Path,
    *,
    inputs: Sequence[Path] = (),
    recipe: Recipe | None = None,
) -> Mapping[str, str]:
    """Make a graph in another precision; return the versions of what made it.

    Args:
        graph: In f32.
        precision: Which.
        out: Where it goes.
        inputs: For int8: what ranges are read off.
        recipe: For int8: how.

    Raises:
        ConfigError: If ``$SUBFACE_BUILD_PYTHON`` names no file.
        ModelSourceError: If there is no such Python, or it fails.
    """
    job: dict[str, Any] = {"graph": str(graph), "precision": precision, "out": str(out)}
    job["inputs"] = [str(one) for one in inputs]
    job["recipe"] = None if recipe is None else recipe.model_dump()
    command = [str(build_python()), "-P", "-m", "calibration.quantize.maker", json.dumps(job)]
    with tempfile.TemporaryDirectory(prefix="quantize-") as settings:
        done = subprocess.run(  # noqa: S603 (the configured interpreter, arguments of our own)
            command,
            cwd=settings,
            env=build_environment(settings) | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        last = (done.stderr.strip() or f"exit code {done.returncode}").rpartition("\n")[2]
        if "nncf" in last and "No module" in last:
            last = "it has no NNCF: `make build-env` brings it"
        msg = f"{graph.name}: no {precision} could be made of it: {last}"
        raise ModelSourceError(msg)
    tools: dict[str, str] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return tools
