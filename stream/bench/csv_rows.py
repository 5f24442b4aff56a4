"""A report as rows of CSV: one figure or spread a row, for spreadsheets and dashboards."""

import csv
import io
from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from stream.bench.board_cost import BoardCost
from stream.bench.card_cost import CardCost
from stream.bench.footprint import Footprint
from stream.bench.quantity import Quantity
from stream.bench.report import Accuracy, Report, Trial
from stream.bench.spread import Spread

HEAD: Final = (
    "part",
    "what",
    "unit",
    "value",
    "n",
    "mean",
    "p50",
    "p90",
    "p95",
    "p99",
    "max",
    "note",
)
Row = dict[str, str | float]


def to_csv(report: Report) -> str:
    """Return the figures of a report; a cell without a figure is empty, and ``note`` says why."""
    out = io.StringIO()
    writer = csv.DictWriter(out, HEAD, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(report))
    return out.getvalue()


def _rows(report: Report) -> Iterator[Row]:
    yield from _of_trial("live", report.live)
    if report.fast is not None:
        yield from _of_trial("fast", report.fast)
    if report.glass is not None:
        glass = report.glass
        yield from _spread("glass", "glass to publication", glass.glass_ms)
        yield from _spread("glass", "until the picture was there", glass.before_ms)
        yield from _spread("glass", "arrival to publication", glass.total_ms)
        yield _value("glass", "pictures without a moment", "", glass.unread)
    if report.capacity is not None:
        for attempt in report.capacity.attempts:
            what = f"{attempt.streams} streams held"
            yield _value("capacity", what, "", int(attempt.held)) | {"note": attempt.why}
        yield _value("capacity", "streams held", "", report.capacity.largest)
    for field in fields(report.cold_start):
        yield _quantity("cold start", field.name, getattr(report.cold_start, field.name))
    for engine in report.engines:
        told = f"{engine.runtime}, {engine.device}, {engine.precision}: {engine.why}"
        row = _quantity("engine", f"{engine.engine}: plan built in", engine.build_s)
        yield row | {"note": told}
    yield from _of_accuracy(report.accuracy)


def _of_accuracy(accuracy: Accuracy) -> Iterator[Row]:
    if accuracy.missing is not None:
        yield {"part": "accuracy", "what": "against f32", "note": accuracy.missing}
    for one in accuracy.agreements:
        shown = {"same label": one.same_label, "valence, mean difference": one.valence_mean}
        for what, value in shown.items():
            if value is not None:
                yield _value("accuracy", f"{one.of}: {what}", "", value) | {"n": one.n}
    for engine in accuracy.engines:
        what = f"{engine.engine}: times as fast as in f32"
        yield _value("accuracy", what, "", engine.times) | {"note": engine.why}


def _of_trial(part: str, trial: Trial) -> Iterator[Row]:
    yield _value(part, "frames analysed", "1/s", trial.frames_hz)
    yield _value(part, "readings", "", trial.readings)
    yield from _spread(part, "arrival to publication", trial.total_ms)
    yield from _spread(part, "arrival to publication: queue", trial.queue_ms)
    yield from _spread(part, "arrival to publication: compute", trial.compute_ms)
    yield from _spread(part, "age of the face", trial.age_ms)
    for stage in trial.stages:
        yield from _spread(part, f"stage {stage.stage}", stage.total_ms)
        yield from _spread(part, f"stage {stage.stage}: queue", stage.queue_ms)
        yield from _spread(part, f"stage {stage.stage}: compute", stage.compute_ms)
    for engine in trial.engines:
        yield from _spread(part, f"engine {engine.engine}", engine.ms)
    for edge in trial.edges:
        yield _value(part, f"{edge.edge}: received", "", edge.received)
        yield _value(part, f"{edge.edge}: delivered", "", edge.delivered)
        for reason, count in edge.drops.items():
            yield _value(part, f"{edge.edge}: dropped, {reason}", "", count)
    footprint = trial.footprint
    yield from _quantities(part, "", footprint)
    yield from _quantities(part, "card_", footprint.card)
    yield from _quantities(part, "board_", footprint.board)


def _quantities(part: str, prefix: str, cost: Footprint | CardCost | BoardCost) -> Iterator[Row]:
    for field in fields(cost):
        value = getattr(cost, field.name)
        if isinstance(value, Quantity):
            yield _quantity(part, prefix + field.name, value)


def _spread(part: str, what: str, spread: Spread | None) -> Iterator[Row]:
    if spread is not None:
        ranks = {field.name: getattr(spread, field.name) for field in fields(spread)}
        yield {"part": part, "what": what, "unit": "ms", **ranks}


def _value(part: str, what: str, unit: str, value: float) -> Row:
    return {"part": part, "what": what, "unit": unit, "value": value}


def _quantity(part: str, what: str, quantity: Quantity) -> Row:
    row: Row = {"part": part, "what": what, "unit": quantity.unit, "note": quantity.missing or ""}
    return row if quantity.value is None else row | {"value": quantity.value}
