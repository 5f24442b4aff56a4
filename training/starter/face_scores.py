"""What the face encoder is worth on labelled faces: accuracy, AUC and calibration, with intervals.

    python -m training.starter.face_scores ../shared/data/fer2013_public_test.npz \
        --without ../shared/data/fer2013_train.npz --json scores.json

It scores the shipped weights, in f32, as they are. An interval holds the middle 95 % of 2,000
bootstrap samples of the pictures: it says how much the figure hangs on these pictures, and nothing
of other people, cameras or occasions. That of the ECE lies high: noise makes any sample look worse
calibrated than it is.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float64, Int64
from numpy import ndarray
from sklearn.metrics import roc_auc_score
from torchmetrics.functional.classification import multiclass_calibration_error

from engines.build.face_encoder_export import load_reader
from engines.errors import ConfigError, SubfaceError
from engines.networks.face_encoder import FaceReader
from engines.spec.labels import EXPRESSIONS, NEGATIVE, POSITIVE
from training.starter.face_figures import draw_figures
from training.starter.faces import LabelledFaces, read_faces

SHIPPED: Final = Path(__file__).parents[2] / "engines" / "models" / "starter"
BOOTSTRAPS: Final = 2_000
SEED: Final = 0
BINS: Final = 15  # of equal width, over the highest probability

Probabilities = Float64[ndarray, "N C"]
Labels = Int64[ndarray, " N"]
Metric = Callable[[Probabilities, Labels], float]


@dataclass(frozen=True, slots=True)
class Score:
    """A figure of some pictures, or texts.

    Attributes:
        value: The figure.
        n: How many of them it is of.
        low: Lower end of the 95 % interval.
        high: Upper end.
    """

    value: float
    n: int
    low: float
    high: float


def accuracy(probabilities: Probabilities, labels: Labels) -> float:
    """Return the share whose likeliest class is theirs."""
    return float((probabilities.argmax(1) == labels).mean())


def happy_auc(probabilities: Probabilities, labels: Labels) -> float:
    """Return the AUC of happy against the negative classes, which are all that is given.

    The score is log p(happy) - log sum p(negative): neutral and surprise take no part in it.
    """
    positive, negative = (np.isin(EXPRESSIONS, names) for names in (POSITIVE, NEGATIVE))
    logs = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    score = np.logaddexp.reduce(logs[:, positive], 1) - np.logaddexp.reduce(logs[:, negative], 1)
    return float(roc_auc_score(np.isin(labels, np.flatnonzero(positive)), score))


def calibration_error(probabilities: Probabilities, labels: Labels) -> float:
    """Return the expected calibration error."""
    return float(
        multiclass_calibration_error(
            torch.from_numpy(probabilities),
            torch.from_numpy(labels.copy()),  # they are read-only
            num_classes=probabilities.shape[1],
            n_bins=BINS,
            validate_args=False,
        )
    )


def scored(metric: Metric, probabilities: Probabilities, labels: Labels) -> Score:
    """Return a metric with its bootstrap interval."""
    random = np.random.default_rng(SEED)
    samples = random.integers(len(labels), size=(BOOTSTRAPS, len(labels)))
    values = [metric(probabilities[rows], labels[rows]) for rows in samples]
    low, high = np.percentile(values, [2.5, 97.5])
    value = metric(probabilities, labels)
    return Score(*(round(value, 4), len(labels), round(float(low), 4), round(float(high), 4)))


def face_scores(probabilities: Probabilities, labels: Labels) -> dict[str, Score]:
    """Return ``accuracy``, ``auc`` and ``ece`` of labelled probabilities.

    Raises:
        ConfigError: If there is no happy or no negative face, so that no AUC exists.
    """
    names = np.asarray(EXPRESSIONS)[labels]
    told = np.isin(names, [*POSITIVE, *NEGATIVE])
    if not (np.isin(names, POSITIVE).any() and np.isin(names, NEGATIVE).any()):
        msg = f"faces: expected happy and negative ones, got {len(labels)} of {sorted({*names})}"
        raise ConfigError(msg)
    return {
        "accuracy": scored(accuracy, probabilities, labels),
        "auc": scored(happy_auc, probabilities[told], labels[told]),
        "ece": scored(calibration_error, probabilities, labels),
    }


def read_probabilities(reader: FaceReader, faces: LabelledFaces) -> Probabilities:
    """Return what a network says of faces."""
    images = torch.from_numpy(faces.images.copy())
    with torch.inference_mode():
        found = torch.cat([reader(some)[0] for some in images.split(256)])
    probabilities: Probabilities = found.double().numpy()
    return probabilities


def main(arguments: Sequence[str] | None = None) -> int:
    """Score the starter's face encoder on labelled faces.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="training.starter.face_scores", description=main.__doc__)
    parser.add_argument("faces", type=Path, help=".npz with images and labels")
    parser.add_argument("--without", type=Path, help="leave out what is also in this file")
    parser.add_argument("--weights", type=Path, default=SHIPPED, help="folder")
    parser.add_argument("--json", type=Path, help="where the scores go; otherwise they are shown")
    parser.add_argument("--figures", type=Path, help="folder for two pictures, .png")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        faces = read_faces(options.faces)
        if options.without is not None:
            faces = faces.without(read_faces(options.without))
        found = read_probabilities(load_reader(options.weights), faces)
        scores = face_scores(found, faces.labels)
        if options.figures is not None:
            draw_figures(found, faces.labels, options.figures)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    text = json.dumps({"faces": {name: asdict(score) for name, score in scores.items()}}, indent=2)
    if options.json is None:
        sys.stdout.write(f"{text}\n")
    else:
        options.json.write_text(f"{text}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
