"""Graphs in other precisions: each made from one graph, used where the gate admitted it."""

from engines.variants.choice import Choice, choose
from engines.variants.record import CalibrationSet, Metric, VariantRecord, Verdict
from engines.variants.store import VariantStore

__all__ = [
    "CalibrationSet",
    "Choice",
    "Metric",
    "VariantRecord",
    "VariantStore",
    "Verdict",
    "choose",
]
