"""Two pictures of what the face encoder gets wrong: how sure it is, and what it takes for what."""

from pathlib import Path

from jaxtyping import Float64, Int64
from numpy import ndarray

from engines.spec.labels import EXPRESSIONS
from training.evaluation.figures import draw_confusion, draw_reliability


def draw_figures(
    probabilities: Float64[ndarray, "N 7"], labels: Int64[ndarray, " N"], folder: Path
) -> None:
    """Draw the reliability diagram and the confusion matrix of labelled probabilities.

    Args:
        probabilities: In the order of ``EXPRESSIONS``.
        labels: Indices into it.
        folder: Where ``starter-faces-reliability.png`` and ``starter-faces-confusion.png`` go.
    """
    named = {"network": "Face encoder", "things": "pictures"}
    draw_reliability(probabilities, labels, folder / "starter-faces-reliability.png", **named)
    path = folder / "starter-faces-confusion.png"
    draw_confusion(probabilities, labels, EXPRESSIONS, path, **named)
