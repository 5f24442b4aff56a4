"""The report of a calibration: a folder with what was tried, what the gate said, and pictures.

The pictures show whoever was in front of the camera, so the folder is written only where the user
says, and only its owner can read it.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2

from calibration.quantize.gate import Candidate
from calibration.quantize.picture import Picture, drawn
from calibration.quantize.trial import Outcome
from engines.errors import EngineError


def write_report(outcomes: Sequence[Outcome], folder: Path) -> None:
    """Write report.md, report.json and a picture a network that can be drawn.

    Call it while the samples and candidates are there.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    pictures = {}
    for outcome in outcomes:
        picture = _picture(outcome)
        if picture is not None:
            name = f"{outcome.record.name}-{outcome.record.precision}.png"
            cv2.imwrite(str(folder / name), picture[..., ::-1])
            pictures[outcome.record.name] = name
    (folder / "report.md").write_text(markdown(outcomes, pictures), encoding="utf-8")
    records = [
        {
            **outcome.record.model_dump(mode="json", by_alias=True),
            "attempts": [
                {"method": one.method, "verdict": one.verdict.model_dump(mode="json")}
                for one in outcome.attempts
            ],
            "picture": pictures.get(outcome.record.name),
        }
        for outcome in outcomes
    ]
    (folder / "report.json").write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")


def markdown(outcomes: Sequence[Outcome], pictures: dict[str, str]) -> str:
    """Return the report as a page."""
    lines = [
        "# Networks in other precisions",
        "",
        "Each against itself in f32, on inputs that nothing was calibrated on. What was refused "
        "keeps f32.",
        "",
        "| network | precision | verdict | inputs | numbers |",
        "| --- | --- | --- | --- | --- |",
    ]
    for outcome in outcomes:
        record, verdict = outcome.record, outcome.record.verdict
        said = "**admitted**" if verdict.admitted else "refused: keeps f32"
        numbers = "; ".join(map(str, verdict.metrics)) or verdict.why
        lines.append(
            f"| {record.name} | {record.precision} | {said} | {verdict.samples} | {numbers} |"
        )
    for outcome in outcomes:
        lines += ["", f"## {outcome.record.name}", ""]
        for one in outcome.attempts:
            said = "admitted" if one.verdict.admitted else "refused"
            lines.append(f"- {one.method}: {said}: {one.verdict.why}")
        lines += ["", f"Judged with {outcome.record.verdict.judged_with}."]
        if outcome.record.name in pictures:
            name = pictures[outcome.record.name]
            lines += ["", "Where both differ most; green f32, red the other:", "", f"![]({name})"]
    return "\n".join(lines) + "\n"


def _picture(outcome: Outcome) -> Picture | None:
    last, samples = outcome.attempts[-1], outcome.samples
    if last.file is None and outcome.record.precision != "bf16":
        return None
    candidate = Candidate(
        path=last.file or samples.path,
        hint="bf16" if last.file is None else "f32",
        outputs=samples.outputs,
    )
    exact = Candidate(path=samples.path, outputs=samples.outputs)
    inputs = [sample.batch() for sample in samples.held_out]
    backend = outcome.record.verdict.backend
    try:
        return drawn(
            exact,
            candidate,
            inputs,
            backend="onnxruntime" if backend == "onnxruntime" else "openvino",
        )
    except EngineError:
        return None  # what does not run is told in words
