"""What f32 found and what a candidate found, drawn on one input: the eye judges with the gate."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8
from numpy import ndarray

from calibration.quantize.detections import AnchoredBoxes, PersonBoxes
from calibration.quantize.gate import Candidate, Judge, opened
from calibration.quantize.landmarks import Landmarks
from calibration.quantize.task import Task, tasks_of
from calibration.quantize.vectors import Probabilities
from engines.spec.tensors import Batch

EXACT_RGB = (30, 200, 60)
CANDIDATE_RGB = (230, 40, 40)
LEAST_PX = 384
"""Smaller inputs are drawn larger."""

Picture = UInt8[ndarray, "H W 3"]


def drawn(
    exact: Candidate, candidate: Candidate, inputs: Sequence[Batch], *, backend: Judge
) -> Picture | None:
    """Return the input on which both differ most, with both drawn; None if nothing can be drawn.

    f32 is green, the candidate red; where both agree only red is seen.
    """
    with opened(exact, backend) as engine:
        tasks = [t for t in tasks_of(engine.spec) if isinstance(t, DRAWABLE)]
        true = [engine.run(batch) for batch in inputs]
    if not tasks or not inputs:
        return None
    with opened(candidate, backend) as engine:
        got = [engine.run(batch) for batch in inputs]
    task = tasks[0]
    worst = max(range(len(inputs)), key=lambda k: _difference(task, true[k], got[k]))
    picture = _picture(inputs[worst])
    if picture is None:
        return None
    scale = max(1, -(-LEAST_PX // min(picture.shape[:2])))
    canvas = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    drawings = (true[worst], EXACT_RGB), (got[worst], CANDIDATE_RGB)
    if isinstance(task, Probabilities):
        return _with_bars(canvas, [(task.read(out), colour) for out, colour in drawings])
    for out, colour in drawings:
        _draw(canvas, task, out, scale, colour)
    return np.asarray(canvas, np.uint8)


DRAWABLE = (PersonBoxes, AnchoredBoxes, Landmarks, Probabilities)


def _difference(task: Task, true: Batch, got: Batch) -> float:
    if isinstance(task, Landmarks):
        return task.error(true, got)
    if isinstance(task, PersonBoxes | AnchoredBoxes):
        mine, other = task.boxes(true), task.boxes(got)
        if len(mine) != len(other):
            return float("inf")
        return float(np.abs(mine - other).max(initial=0))
    if isinstance(task, Probabilities):
        return float(np.abs(task.read(true) - task.read(got)).sum())
    return 0.0


def _with_bars(
    canvas: Picture, rows: Sequence[tuple[Float64[ndarray, " C"], tuple[int, int, int]]]
) -> UInt8[ndarray, "H W_and_H 3"]:
    """Put the probabilities of the classes beside a picture, a pair of bars each."""
    side = canvas.shape[0]
    chart = np.full((side, side, 3), 24, np.uint8)
    classes = len(rows[0][0])
    thick = side // (classes * (len(rows) + 1))
    for k, (values, colour) in enumerate(rows):
        for place, value in enumerate(values):
            top = place * side // classes + k * thick
            right = 1 + round(float(value) * (side - 2))
            cv2.rectangle(chart, (0, top + 2), (right, top + thick), colour, -1)
    return np.asarray(np.concatenate([canvas, chart], axis=1), np.uint8)


def _picture(batch: Batch) -> Picture | None:
    array = max(batch.values(), key=lambda one: one.size)
    if array.ndim == len("BHW") and array.shape[0] == 1 and array.dtype == np.uint8:
        return np.ascontiguousarray(np.repeat(np.asarray(array[0])[..., None], 3, axis=-1))
    if array.ndim != len("BHWC") or array.shape[0] != 1 or array.shape[-1] != len("RGB"):
        return None
    image = np.asarray(array[0])
    if image.dtype != np.uint8:
        low = -1.0 if image.min() < 0 else 0.0
        image = np.clip((image - low) / (1 - low) * 255, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(image)


def _draw(
    canvas: Picture, task: Task, out: Batch, scale: int, colour: tuple[int, int, int]
) -> None:
    if isinstance(task, Landmarks):
        points: Float32[ndarray, "K 2"] = task.points(out)
        for x, y in points[np.isfinite(points).all(axis=1)] * scale:
            cv2.circle(canvas, (round(float(x)), round(float(y))), 2, colour, -1, cv2.LINE_AA)
        return
    if isinstance(task, PersonBoxes | AnchoredBoxes):
        for box in task.boxes(out) * scale:
            x1, y1, x2, y2 = (round(float(side)) for side in box)
            cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, 2, cv2.LINE_AA)
