"""Networks of points against themselves: how far points move, in units of the part they lie on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from calibration.quantize.limits import Limits
from engines.perception.keypoints.heatmap import refine
from engines.perception.ssd import sigmoid
from engines.spec.tensors import Batch
from engines.variants.record import Metric

PRESENT: Final = 0.5
BODY: Final = 35
"""The 33 landmarks, and the two that the next crop is laid by."""
LOST: Final = 1e6
"""The error of points that are no numbers, or of a part that was never there."""

Points = Float32[ndarray, "K 2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmarks:
    """How the points of a network are read, and what they are measured in.

    Attributes:
        points: Reads them out of a batch of outputs, in pixels of the crop.
        across: The two points whose distance is the unit; None where ``unit_px`` is.
        unit: What that is, in words.
        unit_px: The unit where no two points give one.
        presence: Reads whether the part is there, in [0, 1]; None where the network does not say.
    """

    points: Callable[[Batch], Points]
    unit: str
    across: tuple[int, int] | None = None
    unit_px: float = 1.0
    presence: Callable[[Batch], float] | None = None

    def compare(
        self, exact: Sequence[Batch], candidate: Sequence[Batch], limits: Limits
    ) -> list[Metric]:
        """Return the numbers that decide; where f32 sees no such part its points say nothing."""
        pairs = list(zip(exact, candidate, strict=True))
        seen = [(true, got) for true, got in pairs if self._is_there(true)]
        errors = [self.error(true, got) for true, got in seen]
        metrics = [
            Metric(
                name=f"error, {self.unit}",
                value=float(np.percentile(errors, 95)) if errors else LOST,
                limit=limits.landmarks.error,
                sense="at most",
            )
        ]
        if self.presence is not None:
            same = [self._is_there(true) == self._is_there(got) for true, got in pairs]
            metrics.append(
                Metric(
                    name="presence",
                    value=float(np.mean(same)),
                    limit=limits.landmarks.presence,
                    sense="at least",
                )
            )
        return metrics

    def error(self, exact: Batch, candidate: Batch) -> float:
        """Return the mean distance of the points of one input, in units."""
        true, got = self.points(exact), self.points(candidate)
        unit = self.unit_px
        if self.across is not None:
            first, second = self.across
            unit = max(float(np.linalg.norm(true[first] - true[second])), 1.0)
        distance = float(np.linalg.norm(true - got, axis=1).mean()) / unit
        return distance if np.isfinite(distance) else LOST

    def _is_there(self, out: Batch) -> bool:
        return self.presence is None or self.presence(out) >= PRESENT


def flat(name: str, width: int) -> Callable[[Batch], Points]:
    """Read points that lie one after the other, ``width`` numbers each, x and y first."""
    return lambda out: np.asarray(out[name], np.float32).reshape(-1, width)[:, :2]


def refined(name: str, maps: str, *, side_px: int) -> Callable[[Batch], Points]:
    """Read a body's points as the perception does, moved to where their heat maps are."""

    def read(out: Batch) -> Points:
        raw = np.asarray(out[name], np.float32).reshape(-1, 5)[:, :2] / np.float32(side_px)
        heat = np.asarray(out[maps], np.float32)[0]
        found: Points = refine(raw[:BODY], heat) * np.float32(side_px)
        return found

    return read


def score(name: str, *, logit: bool) -> Callable[[Batch], float]:
    """Read a presence."""

    def read(out: Batch) -> float:
        value = np.asarray(out[name], np.float32).reshape(-1)[:1]
        return float((sigmoid(value) if logit else value)[0])

    return read
