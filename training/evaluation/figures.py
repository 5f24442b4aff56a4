"""Pictures of a network: how sure it is, what it takes for what, early and late, how it learned.

Each is a PNG. What is drawn of few has wide bars, and the counts stand beside.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy import ndarray
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

from calibration.reliability import BINS, reliability
from calibration.threshold import share
from training.errors import DatasetError
from training.evaluation.scores import Scores, moment_name

INCHES: Final = 5.0
DPI: Final = 120
LAYOUT: Final = "constrained"
BELOW: Final = "outside lower center"  # a legend hides no bar there
ALL: Final = (-0.02, 1.02)  # of an axis of shares: marks at either end are whole
LOSS: Final = "loss"
X: Final = ("epoch", "step")


def draw_reliability(
    probabilities: Float64[ndarray, "N C"],
    labels: Int64[ndarray, " N"],
    path: Path,
    *,
    network: str,
    things: str,
) -> None:
    """Draw how often a network is right, by how sure it is, and how often it is so sure.

    Args:
        probabilities: Of each class.
        labels: The right classes.
        path: Of the picture, .png.
        network: What the title calls it.
        things: What it reads, in the plural.
    """
    found = reliability(probabilities, labels)
    counts = found.count.tolist()
    right = [
        share(round(value * n), n) for value, n in zip(found.right.tolist(), counts, strict=True)
    ]
    figure = Figure(figsize=(INCHES, INCHES * 1.3), layout=LAYOUT)
    above, below = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    above.plot([0, 1], [0, 1], color="grey", linewidth=1, label="as sure as right")
    above.errorbar(
        found.confidence,
        found.right,
        yerr=[[one.value - one.low for one in right], [one.high - one.value for one in right]],
        fmt="o",
        capsize=3,
        label=f"{things} of one sureness, 95 %",
    )
    above.set_ylabel("share that is right")
    above.set_ylim(*ALL)
    figure.legend(loc=BELOW, ncols=2)
    above.set_title(f"{network}: reliability, n = {len(labels)}")
    below.bar(found.middle, found.count, width=0.9 / BINS)
    below.set_ylabel(things)
    below.yaxis.set_major_locator(MaxNLocator(integer=True))
    below.set_xlabel("highest probability")
    below.set_xlim(0, 1)
    _save(figure, path)


def draw_confusion(
    probabilities: Float64[ndarray, "N C"],
    labels: Int64[ndarray, " N"],
    names: Sequence[str],
    path: Path,
    *,
    network: str,
    things: str,
) -> None:
    """Draw which share of each class was read as which.

    Args:
        probabilities: Of each class.
        labels: The right classes.
        names: Of the classes, in their order.
        path: Of the picture, .png.
        network: What the title calls it.
        things: What it reads, in the plural.
    """
    read = probabilities.argmax(axis=1)
    classes = range(len(names))
    counts = np.bincount(labels, minlength=len(names))
    table = confusion_matrix(labels, read, labels=classes)
    shares = table / np.maximum(counts, 1)[:, None]
    side = INCHES * (1.0 if len(names) < 5 else 1.3)  # noqa: PLR2004 (cells stay readable)
    figure = Figure(figsize=(side, side * 0.92), layout=LAYOUT)
    axes = figure.subplots()
    ConfusionMatrixDisplay(shares, display_labels=names).plot(
        values_format=".2f",
        xticks_rotation=45,
        cmap="Blues",
        colorbar=False,
        im_kw={"vmin": 0, "vmax": 1},
        ax=axes,
    )
    axes.set_yticks(
        classes, [f"{name} ({count})" for name, count in zip(names, counts, strict=True)]
    )
    axes.set_xlabel("read as")
    axes.set_ylabel(f"labelled ({things})")
    axes.set_title(f"{network}: share of each label, n = {len(labels)}")
    _save(figure, path)


def draw_moments(scores: Scores, path: Path, *, network: str) -> None:
    """Draw what is known early and late, with intervals, beside what the majority would get.

    Args:
        scores: Of a fold.
        path: Of the picture, .png.
        network: What the title calls it.
    """
    figure = Figure(figsize=(INCHES * 1.2, INCHES), layout=LAYOUT)
    axes = figure.subplots()
    moments = scores.moments
    for place, name in enumerate(("accuracy", "balanced_accuracy", "auc")):
        told = [
            (x, one)
            for x, moment in enumerate(moments)
            if (one := moment.figures[name]).value is not None
        ]
        if not told:
            continue
        values = np.array([one.value for _, one in told], np.float64)
        low = np.array([one.value if one.low is None else one.low for _, one in told], np.float64)
        high = np.array(
            [one.value if one.high is None else one.high for _, one in told], np.float64
        )
        axes.errorbar(
            [x + 0.08 * (place - 1) for x, _ in told],
            values,
            yerr=[np.maximum(values - low, 0), np.maximum(high - values, 0)],
            fmt="o-",
            capsize=3,
            label=name.replace("_", " "),
        )
    axes.axhline(scores.majority, color="grey", linewidth=1, label="accuracy of the majority class")
    axes.set_xticks(range(len(moments)), [moment_name(one.after_s) for one in moments])
    axes.set_xlabel("seen of each interview")
    axes.set_ylim(*ALL)
    figure.legend(loc=BELOW, ncols=2)
    axes.set_title(f"{network}: {scores.n} interviews, {scores.subjects} people, 95 %")
    _save(figure, path)


def draw_curves(tables: Mapping[str, Path], path: Path) -> None:
    """Draw how stages learned: losses above, what else was measured below.

    Args:
        tables: By the stage's name, a csv with the columns ``epoch`` or ``step`` and measures, as
            Lightning's loggers and ``training.learning.watch`` write it; cells may be empty.
        path: Of the picture, .png.

    Raises:
        DatasetError: If a table cannot be read, or has no measure.
    """
    stages = {name: _curves(table) for name, table in tables.items()}
    figure = Figure(figsize=(INCHES * max(1.2, 0.8 * len(stages)), INCHES * 1.3), layout=LAYOUT)
    grid = figure.subplots(2, len(stages), sharex="col", sharey="row", squeeze=False)
    for column, (name, (x, curves)) in enumerate(stages.items()):
        for measure, (at, values) in curves.items():
            axes = grid[0 if LOSS in measure else 1][column]
            axes.plot(at, values, label=measure.replace("_", " "), marker=".", markersize=3)
        grid[0][column].set_title(name)
        grid[1][column].set_xlabel(x)
        grid[1][column].xaxis.set_major_locator(MaxNLocator(integer=True))
        for axes in grid[:, column]:
            if axes.lines:
                axes.legend(fontsize="small")
    grid[0][0].set_ylabel("loss")
    _save(figure, path)


def _curves(path: Path) -> tuple[str, dict[str, tuple[list[float], list[float]]]]:
    """Return the name of the x axis, and of each measure its places on it and its values."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = list(rows[0]) if rows else []
        x = next(name for name in (*X, "") if name in columns or not name)
        curves = {
            name: [(float(row[x]), float(row[name])) for row in rows if row[name]]
            for name in columns
            if x and name not in X
        }
    except (OSError, ValueError, TypeError) as error:
        msg = f"{path}: expected a table of measures by epoch: {error}"
        raise DatasetError(msg) from error
    found = {
        name: ([at for at, _ in points], [value for _, value in points])
        for name, points in curves.items()
        if points
    }
    if not found:
        msg = f"{path}: expected measures by epoch or step, got {', '.join(columns) or 'nothing'}"
        raise DatasetError(msg)
    return x, found


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI)
