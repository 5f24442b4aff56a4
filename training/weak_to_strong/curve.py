"""The curves: what students come to with better teachers, and with more gold."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib import pyplot as plt

from training.weak_to_strong.comparison import Comparison

COLOURS: Final = {
    "gold": "tab:orange",
    "patient": "tab:brown",
    "teacher": "grey",
    "naive": "tab:red",
    "student": "tab:blue",
}
NAMES: Final = {"patient": "gold, for longer"}
INCHES: Final = (9.0, 3.6)
DPI: Final = 120


def draw_curves(
    comparisons: Mapping[tuple[float, float], Comparison],
    *,
    main: tuple[float, float],
    oracle: float,
    path: Path,
) -> None:
    """Draw both curves, with the intervals of the test.

    Args:
        comparisons: By the teacher's accuracy and the share of gold.
        main: The point that both curves go through.
        oracle: The balanced accuracy of one who sees every sign.
        path: Of the picture, ``.png``.
    """
    mpl.use("Agg")
    figure, both = plt.subplots(1, 2, figsize=INCHES, sharey=True, layout="constrained")
    names = "teacher's accuracy", "share of gold"
    for place, (axes, name) in enumerate(zip(both, names, strict=True)):
        places = {own[place]: own for own in comparisons if own[1 - place] == main[1 - place]}
        points = [places[at] for at in sorted(places)]
        for way, colour in COLOURS.items():
            means = [comparisons[point].ways[way]["balanced_accuracy"].mean for point in points]
            values = [own.value or 0.0 for own in means]
            reach = [
                [value - (own.low or value) for value, own in zip(values, means, strict=True)],
                [(own.high or value) - value for value, own in zip(values, means, strict=True)],
            ]
            axes.errorbar(
                [point[place] for point in points], values, yerr=reach,
                marker="o", capsize=3, color=colour, label=NAMES.get(way, way),
            )  # fmt: skip
        axes.axhline(oracle, color="tab:green", linestyle=":", label="oracle")
        axes.set_xlabel(name)
    both[0].set_ylabel("balanced accuracy, 95 % over people")
    # beside them, for inside a line is under it somewhere
    figure.legend(*both[0].get_legend_handles_labels(), fontsize=8, loc="outside right center")
    figure.savefig(path, dpi=DPI)
    plt.close(figure)
