"""The table of weak to strong: every way's figure, each seed, and how far the student is above."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from training.evaluation.scores import told
from training.weak_to_strong.comparison import STUDENT, TRANSDUCTIVE, Comparison, Told

NAMES: Final = {
    "gold": "gold alone",
    "patient": "gold alone, for longer",
    "teacher": "the teacher",
    "naive": "naive: the teacher's labels taken for gold",
    "student": "**student, rounds**",
    "transductive": "apart: student that saw the test's examples, unlabelled",
}
METRICS: Final = {
    "auc": "AUC",
    "balanced_accuracy": "balanced accuracy",
    "accuracy": "accuracy",
}


def write_results(
    comparisons: Mapping[str, Comparison], about: Mapping[str, Any], folder: Path
) -> None:
    """Write ``results.json`` and ``table.md``.

    Args:
        comparisons: By what they have in common, such as ``1 % gold``.
        about: What is said under the table: ``command``, ``of``, ``resampled``, ``cpu_s`` and
            perhaps ``also``.
        folder: Where they go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {name: asdict(own)["ways"] for name, own in comparisons.items()}
    text = json.dumps({**about, "comparisons": found}, indent=2) + "\n"
    (folder / "results.json").write_text(text, encoding="utf-8")
    (folder / "table.md").write_text(table(comparisons, about), encoding="utf-8")


def table(comparisons: Mapping[str, Comparison], about: Mapping[str, Any]) -> str:
    """Return the table, in Markdown."""
    lines = [
        "| with | who | metric | mean (95 %) | each seed | student above it, paired (95 %) | "
        "each seed |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, comparison in comparisons.items():
        ways = [way for way in NAMES if way in comparison.ways]
        for way in ways:
            lines.extend(
                f"| {name} | {NAMES[way]} | {METRICS[metric]} | "
                f"{_cells(comparison.ways[way][metric], apart=way == TRANSDUCTIVE)} |"
                for metric in comparison.ways[way]
            )
    tested = next(iter(next(iter(comparisons.values())).ways[STUDENT].values())).mean
    lines += [
        "",
        f"`{about['command']}`: tested on {tested.n:,} {about['of']}; {about['cpu_s'] / 60:.0f} "
        "CPU-minutes of training on one thread. Means over the seeds; intervals are over "
        f"{about['resampled']}, and say nothing of other seeds.{about.get('also', '')}",
        "",
    ]
    return "\n".join(lines)


def _cells(own: Told, *, apart: bool) -> str:
    seeds = " ".join(f"{value:.3f}" for value in own.seeds)
    above, each = "", ""
    if own.above is not None and not apart:
        above = f"{100 * own.above.value:+.1f}"
        if own.above.low is not None and own.above.high is not None:
            above += f" ({100 * own.above.low:+.1f} to {100 * own.above.high:+.1f})"
        each = " ".join(f"{100 * value:+.1f}" for value in own.each_above)
    return f"{told(own.mean)} | {seeds} | {above} | {each}"
