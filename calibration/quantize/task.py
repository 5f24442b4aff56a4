"""What a network is for, told by what it returns: that decides what it is held to."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from calibration.quantize.detections import AnchoredBoxes, PersonBoxes
from calibration.quantize.landmarks import Landmarks, flat, refined, score
from calibration.quantize.limits import Limits
from calibration.quantize.vectors import Embedding, Probabilities
from engines.spec.tensors import Batch, EngineSpec
from engines.variants.record import Metric


@runtime_checkable  # the tests check every annotation
class Task(Protocol):
    """Holds a network's outputs against those of f32."""

    def compare(
        self, exact: Sequence[Batch], candidate: Sequence[Batch], limits: Limits
    ) -> list[Metric]:
        """Return the numbers that decide, each with its limit."""
        ...


def tasks_of(spec: EngineSpec) -> tuple[Task, ...]:
    """Return what a network is held to; nothing where nobody knows what its outputs mean."""
    shapes = {tensor.name: tensor.shape for tensor in spec.outputs}
    names = list(shapes)
    if {"boxes", "scores"} <= shapes.keys():
        return (PersonBoxes(),)
    found: list[Task] = []
    for name, shape in shapes.items():
        match shape:
            case (1, 896, 16):
                other = next(n for n in names if n != name)
                found.append(AnchoredBoxes(name, other, size_px=128, strides=(8, 16, 16, 16)))
            case (1, 2254, 12):
                other = next(n for n in names if n != name)
                found.append(AnchoredBoxes(name, other, size_px=224, strides=(8, 16, 32, 32, 32)))
            case _:
                found += _points(name, shape, spec) + _numbers(name)
    return tuple(found)


def _points(  # noqa: PLR0911 (a table)
    name: str, shape: tuple[int | None, ...], spec: EngineSpec
) -> list[Task]:
    size = 1
    for extent in shape:
        size *= extent or 1
    others = [tensor.name for tensor in spec.outputs if tensor.name != name]
    alone = [t.name for t in spec.outputs if t.name != name and set(t.shape) == {1}]
    maps = [t.name for t in spec.outputs if t.shape == (1, 64, 64, 39)]
    match size, shape:
        case 1404, _:
            there = score(alone[0], logit=True) if alone else None
            return [
                Landmarks(
                    points=flat(name, 3), across=(33, 263), unit="eye distances", presence=there
                )
            ]
        case 195, _ if maps and alone:
            return [
                Landmarks(
                    points=refined(name, maps[0], side_px=256),
                    across=(11, 12),
                    unit="shoulder widths",
                    presence=score(alone[0], logit=False),
                )
            ]
        case 63, (1, 63) if alone:
            return [
                Landmarks(
                    points=flat(name, 3),
                    across=(5, 17),
                    unit="palm widths",
                    presence=score(alone[0], logit=False),
                )
            ]
        case 15, (1, 15):
            return [Landmarks(points=flat(name, 3), unit="crop sides", unit_px=64.0)]
        case 4, (1, 1, 1, 4) if not others:
            return [Landmarks(points=flat(name, 2), across=(0, 1), unit="hand sizes")]
        case _, (_, 133, 3):
            return [Landmarks(points=flat(name, 3), across=(5, 6), unit="shoulder widths")]
    return []


def _numbers(name: str) -> list[Task]:
    match name:
        case "embedding" | "token":
            return [Embedding(name)]
        case "probabilities":
            return [Probabilities(name)]
        case "logits":
            return [Probabilities(name, logits=True)]
    return []
