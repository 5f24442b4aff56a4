"""The table in Markdown, its picture, and everything for programs."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from training.ablation.results import RANKED, TOLD, Line, Ranking, Results, line_name
from training.evaluation.metrics import MetricName
from training.evaluation.scores import told

RESULTS: Final = "results.json"
TABLE: Final = "table.md"
PICTURE: Final = "table.png"

METRICS: Final[Mapping[MetricName, str]] = {
    "auc": "AUC",
    "balanced_accuracy": "balanced accuracy",
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
}
LABELS: Final = {"all": "all", "gold": "gold alone", "pseudo": "gold + pseudo-labels"}
COLOURS: Final = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown")
DPI: Final = 120
INCH_A_LINE: Final = 0.32


def write_results(results: Results, folder: Path) -> None:
    """Write ``results.json``, ``table.md`` and ``table.png``."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(results), indent=2) + "\n"
    (folder / RESULTS).write_text(text, encoding="utf-8")
    (folder / TABLE).write_text(table(results), encoding="utf-8")
    if results.lines:
        draw(results, folder / PICTURE)


def table(results: Results) -> str:
    """Return the table, in Markdown."""
    made_up = any(line.planted is not None for line in results.lines)
    heads = ["reads", "keypoints by", "encoder", "labels"]
    heads += ["planted AUC", "oracle, this fold"] if made_up else []
    heads += [f"{METRICS[name]} (95 %)" for name in TOLD]
    heads += ["AUC above another, paired (95 %)", "seeds", "parameters", "CPU"]
    lines = [
        f"| {' | '.join(heads)} |",
        f"|{' --- |' * len(heads)}",
        *(_line(own, made_up=made_up) for own in results.lines),
        "",
        *([] if results.ranking is None else ranked(results.ranking)),
        *_conditions(results),
    ]
    return "\n".join(lines) + "\n"


def ranked(ranking: Ranking) -> list[str]:
    """Return whether the order is the planted one, in words."""
    planted = " > ".join(" = ".join(names) for names in ranking.planted)
    verdict = "in the planted order" if ranking.right == ranking.pairs else "not all in that order"
    return [
        f"Planted, by AUC: {planted}.",
        f"Found: {' > '.join(ranking.found)}.",
        f"**Of {ranking.pairs} pairs of rows whose planted AUC differ {ranking.right} were found "
        f"in the planted order**, {ranking.sure} of them with the whole paired interval; "
        f"{ranking.wrong} the other way round with the whole interval: {verdict}.",
        "",
    ]


def draw(results: Results, path: Path) -> None:
    """Draw every row's AUC with its interval, each seed, what was planted, and the oracle."""
    lines = results.lines
    figure = Figure(figsize=(8.5, 1.6 + INCH_A_LINE * len(lines)), layout="constrained")
    axes = figure.subplots()
    ways = list(dict.fromkeys(_way(line) for line in lines))
    for place, line in enumerate(lines):
        own = line.figures[RANKED]
        value = 0.0 if own.value is None else own.value
        low, high = own.low, own.high
        error = None if low is None or high is None else [[value - low], [high - value]]
        colour = COLOURS[ways.index(_way(line)) % len(COLOURS)]
        axes.errorbar(value, place, xerr=error, fmt="o", capsize=3, color=colour)
        axes.plot(line.seeds, [place] * len(line.seeds), ".", color="black", markersize=3)
        if line.planted is not None:
            axes.plot([line.planted] * 2, [place - 0.35, place + 0.35], color="black")
            axes.plot(line.known, place, "|", markersize=12, color="tab:olive")
    axes.set_yticks(
        range(len(lines)), [f"{line_name(line.row)} · {_way(line)}" for line in lines], fontsize=8
    )
    axes.invert_yaxis()
    axes.axvline(0.5, color="grey", linestyle=":", linewidth=1)
    first = lines[0].figures[RANKED]
    axes.set_title(f"{results.data}: {first.n} interviews of {first.subjects} people", fontsize=10)
    bars = "; black: planted; olive: the oracle here" if lines[0].planted is not None else ""
    axes.set_xlabel(f"AUC, 95 % over subjects; small points: each seed{bars}", fontsize=9)
    figure.savefig(path, dpi=DPI)


def _line(line: Line, *, made_up: bool) -> str:
    row = line.row
    cells = [line_name(row), (row.way.body or "-").upper(), row.way.encoder, _labels(line)]
    if made_up:
        cells += [_number(line.planted), _number(line.known)]
    cells += [told(line.figures[name]) for name in TOLD]
    cells[-len(TOLD)] = f"**{cells[-len(TOLD)]}**"
    cells += [
        "" if line.above is None else f"{_COMPARED[line.compared or '']}: {told(line.above)}",
        " ".join(f"{value:.3f}" for value in line.seeds),
        f"{line.parameters:,}",
        f"{line.cpu_s:.0f} s",
    ]
    return f"| {' | '.join(cells)} |"


_COMPARED: Final = {"all": "all together", "base": "base", "gold": "gold alone"}


def _labels(line: Line) -> str:
    name = LABELS[line.row.way.labels]
    if not line.kept:
        return name
    kept = ", ".join("gold alone" if not own else f"round {own}" for own in line.kept)
    return f"{name} (kept: {kept})"


def _way(line: Line) -> str:
    way = line.row.way
    parts = [way.encoder, LABELS[way.labels] if way.labels != "all" else None]
    parts.insert(0, way.body.upper() if way.body is not None and way.body != "mlp" else None)
    return ", ".join(part for part in parts if part is not None)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _conditions(results: Results) -> list[str]:
    folds = ", ".join(
        f"{name} {count} of {people}" for name, (count, people) in results.folds.items()
    )
    own = f" (protocol {results.protocol})" if results.protocol != "own" else ""
    lines = [
        f"`{results.command}`: {results.data}{own}; interviews and people: {folds}. "
        f"{results.trainings} trainings, {results.cpu_s / 60:.0f} CPU-minutes; a modality "
        "alone is the first stage of all that read it, and its CPU time is told once. Figures are "
        "means over the seeds; intervals are over people and say nothing of other seeds. *Above "
        "another*: by how much a row is above all together in the base, the same modalities in the "
        "base, or the same of gold alone, with the same seeds."
    ]
    if results.teacher is not None:
        apart = " **Transductive: the pool has interviews of the test**, so that these rows stand "
        apart += "apart from the others."
        lines.append(f"Pseudo-labels by {results.teacher}.{apart if results.transductive else ''}")
    if results.left_out:
        lines.append(f"Left out: {'; '.join(results.left_out)}.")
    if results.missing:
        lines.append(f"**Not done yet: {', '.join(results.missing)}.**")
    return lines
