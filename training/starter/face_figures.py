"""Two pictures of what the face encoder gets wrong: how sure it is, and what it takes for what."""

from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from jaxtyping import Float64, Int64
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy import ndarray
from sklearn.metrics import ConfusionMatrixDisplay

from engines.spec.labels import EXPRESSIONS

BINS: Final = 15
INCHES: Final = 5.0
DPI: Final = 120


def draw_figures(
    probabilities: Float64[ndarray, "N 7"], labels: Int64[ndarray, " N"], folder: Path
) -> None:
    """Draw the reliability diagram and the confusion matrix of labelled probabilities.

    Args:
        probabilities: In the order of ``EXPRESSIONS``.
        labels: Indices into it.
        folder: Where ``starter-faces-reliability.png`` and ``starter-faces-confusion.png`` go.
    """
    path = folder / "starter-faces-reliability.png"
    draw_reliability(probabilities, labels, path, network="Face encoder", things="pictures")
    _draw_confusion(probabilities, labels, folder / "starter-faces-confusion.png")


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
    mpl.use("Agg")
    path.parent.mkdir(parents=True, exist_ok=True)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, BINS + 1)
    bins = np.digitize(confidence, edges[1:-1], right=True)
    filled = [k for k in range(BINS) if (bins == k).any()]
    means = np.array([confidence[bins == k].mean() for k in filled])
    shares = np.array([right[bins == k].mean() for k in filled])
    counts = np.array([(bins == k).sum() for k in filled])
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(INCHES, INCHES * 1.3), height_ratios=(3, 1), sharex=True
    )
    above.plot([0, 1], [0, 1], color="grey", linewidth=1, label="as sure as right")
    above.errorbar(
        means, shares, yerr=1.96 * np.sqrt(shares * (1 - shares) / counts), fmt="o", capsize=3,
        label=f"{things} of one sureness, 95 %",
    )  # fmt: skip
    above.set_ylabel("share that is right")
    above.set_ylim(0, 1)
    above.legend(loc="upper left")
    above.set_title(f"{network}: reliability, n = {len(labels)}")
    below.bar(edges[filled] + 0.5 / BINS, counts, width=0.9 / BINS)
    below.set_ylabel(things)
    below.set_xlabel("highest probability")
    below.set_xlim(0, 1)
    _save(figure, path)


def _draw_confusion(
    probabilities: Float64[ndarray, "N 7"], labels: Int64[ndarray, " N"], path: Path
) -> None:
    figure, axes = plt.subplots(figsize=(INCHES * 1.3, INCHES * 1.2))
    ConfusionMatrixDisplay.from_predictions(
        labels,
        probabilities.argmax(axis=1),
        labels=range(len(EXPRESSIONS)),
        display_labels=EXPRESSIONS,
        normalize="true",
        values_format=".2f",
        xticks_rotation=45,
        cmap="Blues",
        colorbar=False,
        ax=axes,
    )
    counts = np.bincount(labels, minlength=len(EXPRESSIONS))
    axes.set_yticks(
        range(len(EXPRESSIONS)),
        [f"{name} ({count})" for name, count in zip(EXPRESSIONS, counts, strict=True)],
    )
    axes.set_xlabel("read as")
    axes.set_ylabel("labelled (pictures)")
    axes.set_title(f"Face encoder: share of each label, n = {len(labels)}")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=DPI)
    plt.close(figure)
