"""An evaluation: what a checkpoint said of a fold, corrected as a live run would, and its scores.

It says whose network, on which data, under which protocol, calibrated on what: figures that differ
in any of these are not comparable.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from jaxtyping import Float64, Int64
from numpy import ndarray

from calibration.answer import probabilities
from calibration.prior import shift
from engines.sequence.checkpoint import Checkpoint
from engines.sequence.shape import Modality
from engines.spec.reading import Construct
from training.errors import DatasetError
from training.evaluation.scores import Scores, labels_of, score
from training.prediction import Predictions

RUN: Final = "run.json"
COMMAND: Final = "command.txt"
TRAIN: Final = "train"
VALIDATION: Final = "validation"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldName:
    """Which interviews.

    Attributes:
        data: What the data are called.
        protocol: By which they were divided.
        fold: Of the protocol.
    """

    data: str
    protocol: str
    fold: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All that is known of it; ``asdict`` is what is written as JSON.

    Attributes:
        network: Its name.
        digest: Of its description.
        taught: What its classes are of.
        of: Which interviews.
        modalities: What it was given.
        masked: What it knows and was not given, and why.
        calibrated_on: The domain of the temperature and the threshold; None: there is none.
        temperature: What the logits were divided by.
        min_confidence: Below it the network abstains; None: it never does.
        prior: What was declared; None: that which the network takes for granted.
        scores: The figures.
        transductive: How many of the interviews were in the pool that a teacher's labels were
            learned of, so that the network had seen them, if not their labels.
        beside: Whose notes the network was given, which no live run has; empty: nobody's.
    """

    network: str
    digest: str
    taught: Construct
    of: FoldName
    modalities: tuple[Modality, ...]
    masked: Mapping[Modality, str]
    calibrated_on: str | None
    temperature: float
    min_confidence: float | None
    prior: Mapping[str, float] | None
    scores: Scores
    transductive: int = 0
    beside: str = ""


def evaluate(
    checkpoint: Checkpoint,
    predictions: Predictions,
    of: FoldName,
    *,
    domain: str | None = None,
    prior: Mapping[str, float] | None = None,
    modalities: tuple[Modality, ...] | None = None,
    masked: Mapping[Modality, str] | None = None,
) -> Evaluation:
    """Score what a checkpoint's network said of a fold.

    Args:
        checkpoint: The network's.
        predictions: Of the fold.
        of: Which fold that is.
        domain: Whose calibration is taken; None is that of the data, if there is one.
        prior: The share of each class that is declared.
        modalities: What the network was given; None: all that it knows.
        masked: What it was not given, and why.

    Raises:
        DatasetError: If the classes are others than the network's, or there is no such calibration.
        ConfigError: If the prior is none, or the network's is not known.
    """
    network = checkpoint.description
    if predictions.labels != network.labels:
        msg = (
            f"{of.data}: its classes are {', '.join(predictions.labels)}; those of {network.name} "
            f"are {', '.join(network.labels)}"
        )
        raise DatasetError(msg)
    name = of.data if domain is None else domain
    calibration = network.calibrations.get(name)
    if domain is not None and calibration is None:
        has = ", ".join(network.calibrations) or "nothing"
        msg = f"{network.name} was not calibrated on {domain}, but on {has}"
        raise DatasetError(msg)
    abstains = calibration is not None and calibration.risk is not None
    return Evaluation(
        network=network.name,
        digest=checkpoint.digest,
        taught=network.taught,
        of=of,
        modalities=tuple(network.shape.branches) if modalities is None else modalities,
        masked=dict(masked or {}),
        calibrated_on=None if calibration is None else name,
        temperature=1.0 if calibration is None else calibration.temperature,
        min_confidence=calibration.min_confidence if calibration and abstains else None,
        prior=None if prior is None else dict(prior),
        scores=score(
            predictions,
            calibration=calibration,
            shift=None if prior is None else shift(network, prior),
        ),
        transductive=_in_pool(checkpoint, predictions, of),
    )


def _in_pool(checkpoint: Checkpoint, predictions: Predictions, of: FoldName) -> int:
    run = run_of(checkpoint)
    if run is None or "pool" not in run or run["data"]["name"] != of.data:
        return 0
    names = set(run["pool"]["interviews"])
    return sum(entry.name in names for entry in predictions.entries)


def corrected(
    checkpoint: Checkpoint, predictions: Predictions, evaluation: Evaluation
) -> tuple[Float64[ndarray, "N C"], Int64[ndarray, " N"]]:
    """Return what an evaluation rests on after all of each interview: probabilities and labels."""
    network = checkpoint.description
    calibration = (
        None if evaluation.calibrated_on is None else network.calibrations[evaluation.calibrated_on]
    )
    moved = None if evaluation.prior is None else shift(network, evaluation.prior)
    return probabilities(predictions.logits[:, -1], calibration, shift=moved), labels_of(
        predictions
    )


def write_evaluation(evaluation: Evaluation, path: Path) -> None:
    """Write an evaluation as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(asdict(evaluation), indent=2) + "\n", encoding="utf-8")
    part.replace(path)


def run_of(checkpoint: Checkpoint) -> dict[str, Any] | None:
    """Return what the training wrote of itself; None where the folder is not of a run."""
    try:
        text = (checkpoint.folder / RUN).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    found: dict[str, Any] = json.loads(text)
    return found


def command_of(checkpoint: Checkpoint) -> str | None:
    """Return the line that trained it, if the training left it."""
    path = checkpoint.folder / COMMAND
    return path.read_text(encoding="utf-8").strip() if path.is_file() else None
