"""What the shipped weights are worth on labelled faces and texts: the work of ``evaluate starter``.

Any file in the formats of the shared data will do, one without some of the classes too: a figure
that does not exist of it is null.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from engines.errors import ConfigError
from engines.models.store import ModelStore
from training.starter.faces import LabelledFaces, read_faces
from training.starter.score import Score, face_scores, valence_scores
from training.starter.shipped_graphs import embed_texts, read_faces_of, read_texts_of
from training.starter.texts import read_texts

COLUMNS: Final = ("of", "figure", "value", "n", "95 % interval")
NAMES: Final = 2  # of the columns: words, set to the left

Scores = Mapping[str, Mapping[str, Score]]


def evaluate_starter(
    *,
    faces: Path | None,
    texts: Path | None,
    without: Path | None = None,
    out: Path | None = None,
    store: ModelStore | None = None,
) -> None:
    """Score the shipped weights, show the figures, and write them.

    Args:
        faces: ``images`` uint8 [N 48 48] and ``labels`` [N] in an .npz file.
        texts: Text TAB label ids TAB comment id, a line each.
        without: Another file of faces; what is byte-identical to one of them is left out.
        out: Where the figures go, as JSON.
        store: The models; the user's by default.

    Raises:
        ConfigError: If a file is missing or another, holds nothing that counts, or cannot be
            written; or if nothing is to be scored.
        ModelError: If a model is missing or another.
    """
    if faces is None and texts is None:
        msg = "nothing to score: give --faces FILE.npz, --texts FILE.tsv, or both"
        raise ConfigError(msg)
    if without is not None and faces is None:
        msg = "--without leaves faces out: give --faces FILE.npz too"
        raise ConfigError(msg)
    if out is not None and not out.parent.is_dir():
        msg = f"--json {out}: there is no folder {out.parent}"
        raise ConfigError(msg)
    models = ModelStore() if store is None else store
    # both are read before either is scored: a file that is none is told at once
    some_faces = None if faces is None else _faces(faces, without)
    some_texts = None if texts is None else read_texts(texts)
    scores: dict[str, Mapping[str, Score]] = {}
    if some_faces is not None:
        found = read_faces_of(some_faces.images, models).probabilities
        scores["faces"] = face_scores(found.astype(np.float64), some_faces.labels)
    if some_texts is not None:
        probabilities = read_texts_of(embed_texts(some_texts.texts, models), models)
        scores["texts"] = valence_scores(probabilities, some_texts.labels)
    if out is not None:
        out.write_text(json.dumps(_plain(scores), indent=2) + "\n", encoding="utf-8")
    Console().print(_table(scores), markup=False)


def _faces(path: Path, without: Path | None) -> LabelledFaces:
    faces = read_faces(path)
    left = faces if without is None else faces.without(read_faces(without))
    if not len(left):
        msg = f"{path}: expected some faces, got {len(faces)}, of which none is left"
        raise ConfigError(msg)
    return left


def _plain(scores: Scores) -> dict[str, dict[str, dict[str, float | None]]]:
    return {
        name: {figure: asdict(score) for figure, score in some.items()}
        for name, some in scores.items()
    }


def _table(scores: Scores) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(COLUMNS):
        table.add_column(column, justify="left" if place < NAMES else "right")
    for name, some in scores.items():
        for figure, score in some.items():
            value = "-" if score.value is None else f"{score.value:.4f}"
            interval = "-" if score.low is None else f"{score.low:.4f} to {score.high:.4f}"
            table.add_row(name, figure, value, str(score.n), interval)
    return table
