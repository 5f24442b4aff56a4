"""A graph in another precision, made in the Python that has NNCF and onnx, for ``workshop``.

.venv-build/bin/python -m calibration.quantize.maker '{"graph": ..., "out": ..., ...}'
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import onnx

from calibration.quantize.half import to_half
from calibration.quantize.recipe import Recipe
from calibration.quantize.region import load


def main(argument: str) -> None:
    """Make one graph and print which tools made it.

    Args:
        argument: JSON: graph, out, precision; for int8 a recipe and the input files.
    """
    job: dict[str, Any] = json.loads(argument)
    model = load(job["graph"])
    tools = ["onnx"]
    if job["precision"] == "fp16":
        made = to_half(model)
    else:
        from calibration.quantize.eight_bits import to_int8  # noqa: PLC0415 (NNCF takes seconds)

        made = to_int8(
            model, [Path(one) for one in job["inputs"]], Recipe.model_validate(job["recipe"])
        )
        tools += ["nncf", "onnxruntime"]
    onnx.save(made, job["out"])
    sys.stdout.write(json.dumps({name: version(name) for name in tools}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
