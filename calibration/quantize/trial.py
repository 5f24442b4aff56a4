"""One network in one precision: made in the ways there are, judged, and kept if it passes."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from calibration.quantize import workshop
from calibration.quantize.gate import Candidate, Judge, judge
from calibration.quantize.limits import Limits
from calibration.quantize.recipe import CONVOLUTIONS, TRANSFORMERS, Recipe
from calibration.quantize.samples import Samples
from engines.errors import ModelSourceError
from engines.models.store import sha256
from engines.variants.record import VariantRecord, Verdict
from engines.variants.store import VariantStore

Lower = Literal["bf16", "fp16", "int8"]
"""A precision below f32."""

TRANSFORMER_NAMES: Final = ("dinov2", "minilm", "bert")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One way that was tried.

    Attributes:
        method: In words.
        verdict: What the gate said of it.
        file: The graph, while the trial lasts; None for bf16.
    """

    method: str
    verdict: Verdict
    file: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one network.

    Attributes:
        record: What is kept of it.
        attempts: All that was tried, in order; the last is the one of the record.
        samples: What it was made and judged with.
    """

    record: VariantRecord
    attempts: tuple[Attempt, ...]
    samples: Samples


def try_precision(
    samples: Samples,
    precision: Lower,
    limits: Limits,
    folder: Path,
    *,
    backend: Judge = "openvino",
    store: VariantStore | None = None,
    recipes: Sequence[Recipe] | None = None,
    say: Say = lambda _: None,
) -> Outcome:
    """Make, judge, and keep: the graph if it passes, the verdict in any case.

    Args:
        samples: What the network is given.
        precision: What it is to compute in.
        limits: What it must keep.
        folder: Where candidates lie; a private one, since they were made from people's pictures.
        backend: The runtime that judges. fp16 is judged by ONNX Runtime: OpenVINO computes such a
            graph in f32.
        store: Where variants are kept.
        recipes: The ways to make int8; by default those of the network's kind.
        say: Told what is being tried.

    Raises:
        ModelSourceError: If there is no Python to make graphs with.
    """
    judged_by: Judge = "onnxruntime" if precision == "fp16" else backend
    attempts: list[Attempt] = []
    tools: dict[str, str] = {}
    for recipe in _recipes(samples, precision, recipes):
        say(f"{samples.name}: {precision}{'' if recipe is None else f', {recipe.name}'}")
        attempt, tools = _attempt(
            samples, precision, recipe, limits=limits, folder=folder, backend=judged_by
        )
        attempts.append(attempt)
        if attempt.verdict.admitted:
            break
    chosen = attempts[-1]
    file = chosen.file if chosen.verdict.admitted else None
    record = VariantRecord(
        schema=1,
        name=samples.name,
        graph=sha256(samples.path),
        precision=precision,
        sha256=None if file is None else sha256(file),
        size_bytes=None if file is None else file.stat().st_size,
        method=chosen.method,
        tools=tools,
        calibration=samples.described() if precision == "int8" else None,
        verdict=chosen.verdict,
    )
    (VariantStore() if store is None else store).put(record, file)
    return Outcome(record=record, attempts=tuple(attempts), samples=samples)


def _recipes(
    samples: Samples, precision: Lower, recipes: Sequence[Recipe] | None
) -> Sequence[Recipe | None]:
    if precision != "int8":
        return (None,)
    if recipes is not None:
        return recipes
    transforms = any(part in samples.name for part in TRANSFORMER_NAMES)
    return TRANSFORMERS if transforms else CONVOLUTIONS


def _attempt(
    samples: Samples,
    precision: Lower,
    recipe: Recipe | None,
    *,
    limits: Limits,
    folder: Path,
    backend: Judge,
) -> tuple[Attempt, dict[str, str]]:
    exact = Candidate(path=samples.path, outputs=samples.outputs)
    inputs = [sample.batch() for sample in samples.held_out]
    if precision == "bf16":
        candidate = Candidate(path=samples.path, hint="bf16", outputs=samples.outputs)
        verdict = judge(exact, candidate, inputs, limits, backend=backend)
        return Attempt(method="the runtime's own bf16", verdict=verdict, file=None), {}
    method = "casts in the graph" if recipe is None else str(recipe)
    if samples.path.suffix != ".onnx":
        why = f"{samples.path.suffix} files cannot be rewritten; only ONNX can"
        return Attempt(method=method, verdict=_untried(why, backend), file=None), {}
    if precision == "int8" and not samples.calibration:
        why = "no input to read ranges off was seen in these sources"
        return Attempt(method=method, verdict=_untried(why, backend), file=None), {}
    handle = tempfile.NamedTemporaryFile(suffix=".onnx", dir=folder, delete=False)  # noqa: SIM115
    handle.close()
    file = Path(handle.name)
    try:
        tools = dict(
            workshop.make(
                samples.path,
                precision,
                file,
                inputs=[sample.file for sample in samples.calibration],
                recipe=recipe,
            )
        )
    except ModelSourceError as error:
        if "could be made" not in str(error):
            raise
        return Attempt(method=method, verdict=_untried(str(error), backend), file=None), {}
    verdict = judge(
        exact, Candidate(path=file, outputs=samples.outputs), inputs, limits, backend=backend
    )
    return Attempt(method=method, verdict=verdict, file=file), tools


def _untried(why: str, backend: Judge) -> Verdict:
    return Verdict(admitted=False, why=why, samples=0, backend=backend, judged_with=backend)
