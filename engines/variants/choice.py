"""Which arithmetic a network gets: the fastest that was asked for and that the gate admitted here.

f32 is what a network has unless somebody asked for less and it was held against f32 on this
machine: a network that failed, or that nobody judged, keeps f32 and says why.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from engines.errors import ConfigError
from engines.models.store import sha256
from engines.spec.precision import Precision
from engines.variants.record import VariantRecord
from engines.variants.store import VariantStore

Backend = Literal["openvino", "onnxruntime", "tensorrt", "torch"]

FASTEST_FIRST: Final[Mapping[Backend, tuple[Precision, ...]]] = {
    "openvino": ("int8", "bf16"),  # it computes an fp16 graph in f32
    "onnxruntime": ("int8",),  # it casts fp16 back and forth
    "tensorrt": ("int8", "fp16"),  # strongly typed: what the graph says
    "torch": ("fp16",),
}
"""What each runtime computes faster than f32."""
JUDGES: Final[Mapping[Backend, frozenset[str]]] = {
    "openvino": frozenset({"openvino"}),
    "onnxruntime": frozenset({"onnxruntime"}),
    "tensorrt": frozenset({"tensorrt", "onnxruntime"}),
    "torch": frozenset({"torch", "onnxruntime"}),
}
"""Whose arithmetic a verdict must rest on. Runtimes differ: OpenVINO 2026.4 computes some int8
graphs wrongly that ONNX Runtime computes right. For a card the reference may stand in."""
UP_TO: Final[Mapping[Precision, frozenset[Precision]]] = {
    "f32": frozenset(),
    "bf16": frozenset({"bf16"}),
    "fp16": frozenset({"bf16", "fp16"}),
    "int8": frozenset({"bf16", "fp16", "int8"}),
}
"""What is not beyond a precision that was asked for."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """The file that a runtime is to read, and how it is to compute.

    Attributes:
        path: The graph itself, or a variant of it.
        precision: The arithmetic. bf16 is a hint to the runtime; fp16 and int8 are written in the
            graph, whose other parts are f32.
        why: One line.
    """

    path: Path
    precision: Precision
    why: str

    @property
    def hint(self) -> Literal["f32", "bf16"]:
        """What the runtime has to be told; what is written in the graph needs no telling."""
        return "bf16" if self.precision == "bf16" else "f32"


def choose(graph: Path, wanted: Precision, *, backend: Backend, root: Path | None = None) -> Choice:
    """Return the fastest admitted variant of a graph that is not beyond the precision wanted.

    Args:
        graph: The f32 graph.
        wanted: The profile's ``perception.runtime.precision``.
        backend: The runtime that will read it.
        root: The cache folder; the user's by default.

    Raises:
        ConfigError: If the backend knows no such precision.
        VariantError: If a variant is not the one that the gate looked at.
    """
    if wanted == "f32":
        return Choice(graph, "f32", "f32 was asked for")
    candidates = [one for one in FASTEST_FIRST[backend] if one in UP_TO[wanted]]
    if not candidates:
        can = ", ".join(("f32", *FASTEST_FIRST[backend]))
        msg = f"perception.runtime.precision: backend {backend} has {can}, got {wanted}"
        raise ConfigError(msg)
    if not graph.is_file():
        return Choice(graph, "f32", "there is no such graph")  # the runtime says so
    store, digest = VariantStore(root), sha256(graph)
    reasons = []
    for precision in candidates:
        record = store.record(digest, precision)
        if record is None:
            reasons.append(f"{precision} was never judged")
        elif (refused := _refused(record, backend)) is not None:
            reasons.append(refused)
        else:
            why = f"{precision} was admitted: {record.verdict.why}"
            return Choice(store.file(record) or graph, precision, why)
    why = f"f32: {'; '.join(reasons)}"
    judged = any("was never judged" not in reason for reason in reasons)
    _say_once(graph, why, judged)
    return Choice(graph, "f32", why)


def _refused(record: VariantRecord, backend: Backend) -> str | None:
    verdict = record.verdict
    if not verdict.admitted:
        return f"{record.precision} was refused: {verdict.why}"
    if verdict.backend not in JUDGES[backend]:
        return f"{record.precision} was judged with {verdict.backend} and not with {backend}"
    return None


@cache
def _say_once(graph: Path, why: str, judged: bool) -> None:  # noqa: FBT001 (a key of the cache)
    if judged:
        logger.info("%s: %s", graph.name, why)
    else:
        remedy = "`subface calibrate PRECISION SOURCE...` makes and judges it"
        logger.warning("%s: %s; %s", graph.name, why, remedy)
