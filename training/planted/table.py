"""The table and the picture of what was found."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib import pyplot as plt

from training.evaluation.comparison import Difference
from training.evaluation.scores import told
from training.planted.finding import CLOSE, Finding

NAMES: Final[Mapping[str, str]] = {
    "image": "image",
    "mlp": "keypoints, MLP",
    "gcn": "keypoints, GCN",
    "text": "text",
    "joint": "image, keypoints (MLP), text together",
    "regression": "regression on pooled",
}
TITLES: Final[Mapping[str, str]] = {
    "planted": "planted in each modality",
    "permuted": "planted, learned with permuted labels",
    "nothing": "nothing planted",
}
COLOURS: Final = {"planted": "tab:blue", "permuted": "tab:orange", "nothing": "grey"}
INCH_A_LINE: Final = 0.3
DPI: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All that the table says.

    Attributes:
        command: That makes it.
        interviews: Of all folds.
        subjects: Of all folds.
        taught: Interviews that are learned from.
        findings: Line by line.
        gain: By how much all together are above the best branch alone, paired.
        best: Which branch that is.
        bodies: By how much the MLP is above the GCN, paired.
        macs: Multiplications and additions of either keypoint body, a tick.
        cpu_s: Of all trainings.
        missing: Trials that are still to be done.
    """

    command: str
    interviews: int
    subjects: int
    taught: int
    findings: tuple[Finding, ...]
    gain: Difference | None
    best: str | None
    bodies: Difference | None
    macs: Mapping[str, int]
    cpu_s: float
    missing: tuple[str, ...]


def write_results(results: Results, folder: Path) -> None:
    """Write ``results.json``, ``table.md`` and ``table.png``."""
    text = json.dumps(asdict(results), indent=2) + "\n"
    (folder / "results.json").write_text(text, encoding="utf-8")
    (folder / "table.md").write_text(table(results), encoding="utf-8")
    draw(results.findings, folder / "table.png")


def table(results: Results) -> str:
    """Return the table, in Markdown."""
    lines = [
        "| what is there | who reads | ceiling | oracle, this fold | balanced accuracy (95 %) | "
        "AUC (95 %) | below the oracle (95 %) | as planted | parameters | CPU |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_line(finding) for finding in results.findings),
        "",
        *_verdicts(results),
        "",
        *_conditions(results),
    ]
    return "\n".join(lines) + "\n"


def draw(findings: Sequence[Finding], path: Path) -> None:
    """Draw every line with its interval, beside its ceiling and the oracle."""
    mpl.use("Agg")
    figure, axes = plt.subplots(figsize=(8.0, 1.2 + INCH_A_LINE * len(findings)))
    for place, finding in enumerate(findings):
        own, colour = finding.balanced_accuracy, COLOURS[finding.condition]
        value, low, high = own.value or 0, own.low or 0, own.high or 0
        plain = finding.reader == "regression"
        axes.errorbar(
            value, place, xerr=[[value - low], [high - value]],
            fmt="x" if plain else "o", capsize=3, color=colour,
        )  # fmt: skip
        axes.plot([finding.ceiling] * 2, [place - 0.35, place + 0.35], color="black")
        if finding.condition == "planted" and not plain:
            axes.plot(finding.oracle.value, place, "|", markersize=12, color="tab:green")
    names = [f"{NAMES[own.reader]}{_of(own)} · {own.condition}" for own in findings]
    axes.set_yticks(range(len(findings)), names, fontsize=8)
    axes.invert_yaxis()
    axes.axvline(0.5, color="black", linestyle=":", linewidth=1)
    if findings:
        own = findings[0].balanced_accuracy
        axes.set_title(
            f"Test fold: {own.n} made-up interviews of {own.subjects} people", fontsize=10
        )
    figure.supxlabel(
        "balanced accuracy, 95 % over subjects; black: what is to be found; green: the oracle here",
        fontsize=9,
    )
    figure.tight_layout()
    figure.savefig(path, dpi=DPI)
    plt.close(figure)


def _line(finding: Finding) -> str:
    cells = [
        TITLES[finding.condition],
        NAMES[finding.reader] + _of(finding) + _several(finding),
        f"{finding.ceiling:.3f}",
        told(finding.oracle),
        f"**{told(finding.balanced_accuracy)}**",
        told(finding.auc),
        told(finding.short) if finding.ceiling > 0.5 else "",  # noqa: PLR2004 (chance)
        ("yes" if finding.sure else "yes, the interval reaches further")
        if finding.as_planted
        else "**no**",
        "" if finding.parameters is None else f"{finding.parameters:,}",
        "" if finding.cpu_s is None else f"{finding.cpu_s:.0f} s",
    ]
    return f"| {' | '.join(cells)} |"


def _of(finding: Finding) -> str:
    return f" {', '.join(finding.reads)}" if finding.reader == "regression" else ""


def _several(finding: Finding) -> str:
    if len(finding.seeds) == 1:
        return ""
    each = " ".join(f"{value:.3f}" for value in finding.seeds)
    return f" (best of {len(finding.seeds)} starts by validation: {each})"


def _verdicts(results: Results) -> list[str]:
    lines = []
    if results.gain is not None:
        lines.append(
            f"Together above the best alone ({NAMES[results.best or '']}), paired over subjects: "
            f"{told(results.gain)}, p {results.gain.p}."
        )
    if results.bodies is not None:
        lines.append(
            f"MLP less GCN, paired over subjects: "
            f"{told(results.bodies)}, p {results.bodies.p}; "
            f"{results.macs['mlp'] / 1e6:.2f} M against {results.macs['gcn'] / 1e6:.2f} M "
            "multiplications a tick."
        )
    return lines


def _conditions(results: Results) -> list[str]:
    tested = results.findings[0].balanced_accuracy if results.findings else None
    fold = f"tested on {tested.n} interviews of {tested.subjects}" if tested else "tested on none"
    lines = [
        f"`{results.command}`: {results.interviews} interviews of {results.subjects} people, "
        f"{results.taught} learned from, {fold} others; {results.cpu_s / 60:.0f} CPU-minutes of "
        f"training on one thread. As planted: within {CLOSE} of the ceiling and of the oracle, or "
        "of chance, in balanced accuracy and AUC."
    ]
    if results.missing:
        lines.append(f"**Not done yet: {', '.join(results.missing)}.**")
    return lines
