"""The report of a network on a fold: its figures, pictures and card, in one folder.

evaluation.json     everything, for programs
CARD.md             everything, for people, with the pictures
reliability.png, confusion.png, moments.png
curves.png          how it learned, where the training lies beside the checkpoint
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

from engines.build.network_export import load_network
from engines.networks.interview_network import InterviewNetwork
from engines.sequence.checkpoint import Checkpoint
from training.errors import DatasetError
from training.evaluation.card import card
from training.evaluation.evaluation import (
    COMMAND,
    Evaluation,
    FoldName,
    corrected,
    evaluate,
    run_of,
    write_evaluation,
)
from training.evaluation.figures import draw_confusion, draw_curves, draw_moments, draw_reliability
from training.interview import Entry, InterviewSet
from training.learning.predict import predict
from training.learning.rounds_note import read_rounds
from training.prediction import Predictions
from training.reasoning.reasoned import ReasonedInterviews, as_learned
from training.split import Split

CARD: Final = "CARD.md"
EVALUATION: Final = "evaluation.json"
STAGES: Final = "stages"
METRICS: Final = "metrics.csv"


def read_fold(
    checkpoint: Checkpoint,
    interviews: InterviewSet,
    entries: tuple[Entry, ...],
    of: FoldName,
    *,
    domain: str | None = None,
    prior: dict[str, float] | None = None,
    network: InterviewNetwork | None = None,
) -> tuple[Evaluation, Predictions]:
    """Read a fold with a checkpoint's network, given what it learned from and nothing else.

    Args:
        checkpoint: The network's.
        interviews: Where the interviews are.
        entries: The fold's.
        of: Which fold that is.
        domain: Whose calibration is taken; None is that of the data, if there is one.
        prior: The share of each class that is declared.
        network: The checkpoint's, if it is there already.

    Raises:
        DatasetError: If the data, or the notes of a teacher beside their words, do not fit the
            network; without such notes it reads as a live run does.
        ModelError: If its weights cannot be read.
        ConfigError: If the prior cannot be declared.
    """
    description = checkpoint.description
    interviews = as_learned(interviews, description)
    beside = _beside(interviews)
    if beside and domain is None and interviews.name in description.calibrations:
        domain = interviews.name
    masked = description.untrained(interviews.fed, beside=["text"] if beside else ())
    given = tuple(
        name for name in description.shape.branches if name in interviews.fed and name not in masked
    )
    if not given:
        why = "; ".join(masked.values()) or "the data have none of its modalities"
        msg = f"{description.name} can read nothing of {of.data}: {why}"
        raise DatasetError(msg)
    predictions = predict(
        load_network(checkpoint) if network is None else network, interviews, entries, given=given
    )
    evaluation = evaluate(
        checkpoint, predictions, of, domain=domain, prior=prior, modalities=given, masked=masked
    )
    return replace(evaluation, beside=beside), predictions


def _beside(interviews: InterviewSet) -> str:
    """Return whose notes interviews have; empty: nobody's."""
    if isinstance(interviews, ReasonedInterviews) and interviews.given:
        return interviews.source.told()
    return ""


def fold_entries(checkpoint: Checkpoint, split: Split, of: FoldName) -> tuple[Entry, ...]:
    """Return the interviews of a fold, as the network's own training had it.

    Where a protocol has no fold to choose by, the training takes one out of ``train``; so what it
    says of the same data goes before what the split says.

    Raises:
        DatasetError: If there is no such fold, or the network learned from some of it.
    """
    run = run_of(checkpoint)
    folds = run["data"]["folds"] if run is not None and run["data"]["name"] == of.data else {}
    if of.fold in folds:
        names = set(folds[of.fold]["interviews"])
        everybody = [entry for own in split.folds.values() for entry in own]
        if names <= {entry.name for entry in everybody}:
            return tuple(entry for entry in everybody if entry.name in names)
    if of.fold not in split.folds:
        msg = f"{of.data}: expected one of the folds {', '.join(split.folds)}, got {of.fold}"
        raise DatasetError(msg)
    entries = split.folds[of.fold]
    for fold, own in folds.items():
        if seen := sorted({entry.name for entry in entries} & set(own["interviews"])):
            msg = (
                f"{of.fold}: {checkpoint.description.name} had {len(seen)} of these interviews in "
                f"its fold {fold}, such as {seen[0]}; divide the data as its training did"
            )
            raise DatasetError(msg)
    return entries


def write_report(
    checkpoint: Checkpoint,
    evaluation: Evaluation,
    predictions: Predictions,
    folder: Path,
    *,
    command: str,
) -> None:
    """Write the report.

    Args:
        checkpoint: The network's.
        evaluation: Its figures.
        predictions: What they rest on.
        folder: Where everything goes.
        command: What scored it, as a user types it; in a run's own folder, what trained it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name, labels = checkpoint.description.name, predictions.labels
    found, right = corrected(checkpoint, predictions, evaluation)
    named = {"network": name, "things": "interviews"}
    draw_reliability(found, right, folder / "reliability.png", **named)
    draw_confusion(found, right, labels, folder / "confusion.png", **named)
    draw_moments(evaluation.scores, folder / "moments.png", network=name)
    tables = _tables(checkpoint)
    if tables:
        draw_curves(tables, folder / "curves.png")
    write_evaluation(evaluation, folder / EVALUATION)
    if folder.resolve() == checkpoint.folder.resolve():
        # a run that reports of itself; later reports tell how it was trained
        (folder / COMMAND).write_text(f"{command}\n", encoding="utf-8")
    text = card(checkpoint, evaluation, command=command, curves=bool(tables))
    (folder / CARD).write_text(text.rstrip() + "\n", encoding="utf-8")


def _tables(checkpoint: Checkpoint) -> dict[str, Path]:
    """Return the tables of the training, in the order of its stages."""
    order = [*checkpoint.description.shape.branches, "joint"]
    rounds = read_rounds(checkpoint.folder)
    learned = checkpoint.folder if rounds is None else checkpoint.folder / rounds.student
    paths = {name: learned / STAGES / name / METRICS for name in order}
    return {name: path for name, path in paths.items() if path.is_file()}
