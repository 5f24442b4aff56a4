"""Networks of vectors and of classes against themselves."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from calibration.quantize.limits import Limits
from engines.spec.tensors import Batch
from engines.variants.record import Metric

TIE: Final = 0.01
"""Neighbours whose cosines differ by no more are equally near."""


class Embedding:
    """A vector that is compared with others of its kind."""

    def __init__(self, name: str) -> None:
        self._name = name

    def compare(
        self, exact: Sequence[Batch], candidate: Sequence[Batch], limits: Limits
    ) -> list[Metric]:
        """Return the numbers that decide."""
        true, got = self._unit(exact), self._unit(candidate)
        cosines = (true * got).sum(axis=1)
        found = [
            ("cosine", float(cosines.mean()), limits.embedding.cosine),
            ("cosine, 5th percentile", float(np.percentile(cosines, 5)), limits.embedding.worst),
            ("nearest neighbours", neighbours(true, got), limits.embedding.neighbours),
        ]
        return [
            Metric(name=name, value=value, limit=limit, sense="at least")
            for name, value, limit in found
        ]

    def _unit(self, outs: Sequence[Batch]) -> Float64[ndarray, "N D"]:
        vectors = np.concatenate([_rows(out[self._name]) for out in outs])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        # a vector that is no number is like nothing, and so is one of length zero
        unit: Float64[ndarray, "N D"] = np.nan_to_num(vectors / np.maximum(lengths, 1e-12))
        return unit


class Probabilities:
    """One probability a class, or the logits of them."""

    def __init__(self, name: str, *, logits: bool = False) -> None:
        self._name, self._logits = name, logits

    def compare(
        self, exact: Sequence[Batch], candidate: Sequence[Batch], limits: Limits
    ) -> list[Metric]:
        """Return the numbers that decide."""
        true, got = self._read(exact), self._read(candidate)
        agreement = float((true.argmax(axis=1) == got.argmax(axis=1)).mean())
        variation = float(0.5 * np.abs(true - got).sum(axis=1).mean())
        return [
            Metric(
                name="same class",
                value=agreement,
                limit=limits.probabilities.agreement,
                sense="at least",
            ),
            Metric(
                name="total variation",
                value=variation,
                limit=limits.probabilities.variation,
                sense="at most",
            ),
        ]

    def read(self, out: Batch) -> Float64[ndarray, " C"]:
        """Return the probabilities of one input."""
        row: Float64[ndarray, " C"] = self._read([out])[0]
        return row

    def _read(self, outs: Sequence[Batch]) -> Float64[ndarray, "N C"]:
        rows = np.concatenate([_rows(out[self._name]) for out in outs])
        if self._logits:
            rows = np.exp(rows - rows.max(axis=1, keepdims=True))
            rows /= rows.sum(axis=1, keepdims=True)
        return rows


def neighbours(true: Float64[ndarray, "N D"], got: Float64[ndarray, "N D"]) -> float:
    """Return how often the nearest other vector is the one that f32 finds, ties allowed."""
    if len(true) <= 1:
        return 0.0
    exact, found = true @ true.T, got @ got.T
    for table in (exact, found):
        np.fill_diagonal(table, -np.inf)
    chosen = exact[np.arange(len(exact)), found.argmax(axis=1)]
    return float((exact.max(axis=1) - chosen <= TIE).mean())


def _rows(numbers: object) -> Float64[ndarray, "N D"]:
    rows: Float64[ndarray, "N D"] = np.asarray(numbers, np.float64)
    return rows.reshape(-1, rows.shape[-1])
