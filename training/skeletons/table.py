"""The table and the picture of the comparison."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib import pyplot as plt

from training.skeletons.comparison import Accuracy, Difference
from training.skeletons.experiment import Result
from training.skeletons.plan import BODIES, Plan

NAMES: Final = {"mlp": "MLP", "gcn": "GCN", "regression": "logistic regression"}
COLOURS: Final = {"mlp": "tab:blue", "gcn": "tab:orange", "regression": "grey"}
CAPTION: Final = (
    "The joints of a data set fill one stream of the three that an interview has. Both bodies are "
    "the shipped classes, told of another skeleton; the encoder, pooling, head, features, jitter, "
    "epochs and rates tried are the same for both."
)
INCHES: Final = (8.0, 3.6)
DPI: Final = 120


def write_results(results: Sequence[Result], plan: Plan, command: str, folder: Path) -> None:
    """Write ``results.json``, ``table.md`` and ``table.png``."""
    folder.mkdir(parents=True, exist_ok=True)
    figures: Mapping[str, Any] = {
        "command": command,
        "seeds": plan.seeds,
        "rates": plan.rates,
        "shortened": plan.shortened,
        "datasets": {result.material.name: result.figures() for result in results},
    }
    text = json.dumps(figures, indent=2) + "\n"
    (folder / "results.json").write_text(text, encoding="utf-8")
    (folder / "table.md").write_text(table(results, plan, command), encoding="utf-8")
    draw(results, folder / "table.png")


def table(results: Sequence[Result], plan: Plan, command: str) -> str:
    """Return the table, in Markdown."""
    lines = [
        CAPTION,
        "",
        "| data, test clips | body | accuracy | 95 % | each seed | rate | parameters | MAC a tick, "
        "pass / step | CPU a step |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        lines.extend(_rows(result))
    lines += ["", "| data | MLP - GCN | 95 %, paired | bootstrap p | McNemar p | target |"]
    lines += ["| --- | --- | --- | --- | --- | --- |"]
    lines.extend(_verdict(result) for result in results)
    spent_min = sum(sum(result.cpu_s.values()) for result in results) / 60
    lines += [
        "",
        f"`{command}`: {plan.seeds} seeds, rates {', '.join(f'{r:g}' for r in plan.rates)}, "
        f"{spent_min:.0f} CPU-minutes of runs on one thread."
        + (f" Shortened {plan.shortened} times: no result." if plan.shortened > 1 else ""),
        "",
    ]
    return "\n".join(lines)


def draw(results: Sequence[Result], path: Path) -> None:
    """Draw every seed, the means with their intervals, and the bars that were set."""
    mpl.use("Agg")
    figure, all_axes = plt.subplots(1, len(results), figsize=INCHES, squeeze=False)
    for axes, result in zip(all_axes[0], results, strict=True):
        for place, name in enumerate(NAMES):
            accuracy = result.comparison.accuracies[name]
            colour = COLOURS[name]
            axes.errorbar(
                place, accuracy.mean,
                yerr=[[accuracy.mean - accuracy.low], [accuracy.high - accuracy.mean]],
                fmt="s", capsize=4, color=colour,
            )  # fmt: skip
            if len(accuracy.seeds) > 1:
                across = [place + 0.2] * len(accuracy.seeds)
                axes.plot(across, accuracy.seeds, ".", color=colour, alpha=0.6)
        target = result.material.dataset.target
        if target is not None:
            axes.axhline(target, color="black", linestyle=":", linewidth=1)
            axes.text(2.4, target, f"MLP's bar {target:g}", ha="right", va="bottom", fontsize=8)
        axes.set_xticks(range(len(NAMES)), ["MLP", "GCN", "regression"])
        axes.set_xlim(-0.5, 2.5)
        axes.set_title(f"{result.material.dataset.title}, n = {result.comparison.n}", fontsize=10)
    all_axes[0][0].set_ylabel("accuracy: mean with 95 %, each seed")
    figure.tight_layout()
    figure.savefig(path, dpi=DPI)
    plt.close(figure)


def _rows(result: Result) -> list[str]:
    comparison, rows = result.comparison, []
    where = f"{result.material.dataset.title}, {comparison.n}"
    for body in BODIES:
        cost = result.costs[body]
        rates = sorted({choice.rate for choice in result.choices if choice.body == body})
        macs = f"{cost.pass_macs / 1e6:.2f} / {cost.step_macs / 1e6:.2f} M"
        rows.append(
            f"| {where} | {NAMES[body]} | {_accuracy(comparison.accuracies[body])} | "
            f"{' / '.join(f'{rate:g}' for rate in rates)} | {cost.parameters:,} | {macs} | "
            f"{cost.step_us / 1e3:.2f} ms |"
        )
    rows.append(
        f"| {where} | regression | {_accuracy(comparison.accuracies['regression'])} | | | | |"
    )
    return rows


def _accuracy(accuracy: Accuracy) -> str:
    each = " ".join(f"{share:.3f}" for share in accuracy.seeds) if len(accuracy.seeds) > 1 else ""
    return f"**{accuracy.mean:.3f}** | {accuracy.low:.3f}-{accuracy.high:.3f} | {each}"


def _verdict(result: Result) -> str:
    apart: Difference = result.comparison.difference
    dataset, accuracy = result.material.dataset, result.comparison.accuracies["mlp"]
    mcnemar = "" if apart.mcnemar is None else f"{apart.mcnemar:.2f}"
    bar = "none set"
    if dataset.target is not None:
        reached = "reached" if accuracy.mean >= dataset.target else "missed"
        bar = f"MLP {dataset.target:g}: {reached}"
    return (
        f"| {dataset.title} | {100 * apart.mean:+.1f} points | "
        f"{100 * apart.low:+.1f} to {100 * apart.high:+.1f} | {apart.p:.2f} | {mcnemar} | {bar} |"
    )
