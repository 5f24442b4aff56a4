"""From a finished training run to weights that ship: the calibration, fitted on the slice.

    python -m training.starter.face_calibration ../shared/data/fer2013_train.npz \
        --run runs/faces --out engines/models/starter

Label smoothing taught the network to leave some probability to every class. A temperature alone
sharpens what is half sure along with what is sure; so the smoothing is taken back, and a
temperature mends the rest. Both minimise the negative log-likelihood of the slice, which no weight
was fitted to.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
from jaxtyping import Float, Float64, Int64
from numpy import ndarray
from scipy.optimize import minimize
from torch import Tensor
from torch.nn import functional

from engines.build.face_encoder_export import write_weights
from engines.build.graph_provenance import sha256, versions
from engines.errors import ModelError, SubfaceError
from engines.networks.face_encoder import FaceEncoder, FaceReader, calibrated
from training.starter.face_training import LAST, RECIPE, Recipe
from training.starter.faces import SLICE_OF, LabelledFaces, read_faces

TEMPERATURES: Final = (0.2, 5.0)
SMOOTHINGS: Final = (0.0, 0.5)
"""What lies beyond says that something else is wrong."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How logits become probabilities.

    Attributes:
        temperature: What the logits are divided by.
        smoothing: Share of the probability that was spread over all classes.
    """

    temperature: float
    smoothing: float


def fitted(logits: Float[Tensor, "N 7"], labels: Int64[ndarray, " N"]) -> Calibration:
    """Return the calibration under which the labels are likeliest."""
    expected = torch.from_numpy(labels.copy())

    def loss(values: Float64[ndarray, " 2"]) -> float:
        probabilities = calibrated(logits.double(), *values.tolist())
        return float(functional.nll_loss(probabilities.log(), expected))

    best = minimize(loss, [1.0, 0.1], method="Nelder-Mead", bounds=[TEMPERATURES, SMOOTHINGS])
    return Calibration(*(round(float(value), 4) for value in best.x))


def logits_of(encoder: FaceEncoder, faces: LabelledFaces) -> Float[Tensor, "N 7"]:
    """Return what a network says of faces, in f32, before any calibration."""
    reader = FaceReader(encoder)
    images = torch.from_numpy(faces.images.copy())
    with torch.inference_mode():
        return torch.cat([reader.logits(some)[0] for some in images.split(256)])


def finish(data: Path, run: Path, out: Path) -> None:
    """Calibrate the weights of a finished run and write them.

    Args:
        data: The training file of the run.
        run: Folder of the run.
        out: Folder for the weights and their description.

    Raises:
        ConfigError: If the data cannot be read.
        ModelError: If the run is not there, or not finished.
    """
    trained, chosen = read_faces(data).consistent().split()
    encoder, recipe, cpu_s = _finished(run)
    logits = logits_of(encoder, chosen)
    right = logits.argmax(1).numpy() == chosen.labels
    write_weights(
        out,
        encoder,
        **asdict(fitted(logits, chosen.labels)),
        description={
            "data": {"file": data.name, "sha256": sha256(data)},
            "trained_on": len(trained),
            "slice": {"n": len(chosen), "of": SLICE_OF, "accuracy": round(float(right.mean()), 4)},
            "recipe": asdict(recipe),
            "cpu_s": round(cpu_s),
            "tools": versions("torch", "lightning"),
        },
    )


def _finished(run: Path) -> tuple[FaceEncoder, Recipe, float]:
    try:
        recipe = Recipe(**json.loads((run / RECIPE).read_text(encoding="utf-8")))
        saved: dict[str, Any] = torch.load(run / LAST, map_location="cpu", weights_only=True)
    except OSError as error:
        msg = f"{run}: no run of face_training can be read: {error}"
        raise ModelError(msg) from error
    if saved["epoch"] + 1 != recipe.epochs:
        msg = (
            f"{run / LAST}: expected a finished run, got epoch {saved['epoch'] + 1} of "
            f"{recipe.epochs}; the command that started it goes on with it"
        )
        raise ModelError(msg)
    encoder = FaceEncoder()
    prefix = "encoder."
    encoder.load_state_dict(
        {
            name.removeprefix(prefix): tensor
            for name, tensor in saved["state_dict"].items()  # the averaged weights
            if name.startswith(prefix)
        }
    )
    return encoder.eval(), recipe, saved["callbacks"]["Progress"]["cpu_s"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Calibrate a finished run and write the weights that ship.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="training.starter.face_calibration", description=main.__doc__
    )
    parser.add_argument("faces", type=Path, help="the training file of the run")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        finish(options.faces, options.run, options.out)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
