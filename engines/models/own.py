"""Graphs of a user's own: of weights that no manifest names, for a profile to name by a path."""

from collections.abc import Sequence
from pathlib import Path

from engines.errors import ConfigError
from engines.models.convert import convert
from engines.models.manifest import Recipe, conflict_of_extent


def convert_own(
    weights: Path,
    recipe: Recipe,
    out: Path,
    *,
    canvas: str | None = None,
    options: Sequence[str] = (),
) -> Path:
    """Make a graph out of somebody's own weights.

    Args:
        weights: What was trained; a pickle is run by being read.
        recipe: How.
        out: Where the graph goes; its provenance goes beside it.
        canvas: Height and width, such as 320x320.
        options: ``key=value`` pairs, further settings of the recipe.

    Returns:
        Where it is.

    Raises:
        ConfigError: If a setting is missing, unknown to the recipe or no pair, or the ending is
            not .onnx.
        ModelSourceError: If there is no Python that converts, or the conversion fails.
    """
    if out.suffix != ".onnx":
        msg = f"--out: expected a file that ends in .onnx, got {out}"
        raise ConfigError(msg)
    canvas_hw = None if canvas is None else _canvas(canvas)
    wrong = conflict_of_extent(recipe, {"canvas_hw": canvas_hw})
    if wrong:
        msg = f"--canvas: {wrong.partition(': ')[2].replace('canvas_hw', '--canvas HxW')}"
        raise ConfigError(msg)
    pairs = [option.partition("=") for option in options]
    for key, equals, _ in pairs:
        if not key or not equals:
            msg = f"--option: expected KEY=VALUE, got {key or equals}"
            raise ConfigError(msg)
    convert(
        recipe,
        weights.absolute(),  # the conversion has a working folder of its own
        out.absolute(),
        canvas_hw=canvas_hw,
        options={key: value for key, _, value in pairs},
    )
    return out


def _canvas(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        msg = f"--canvas: expected height x width in pixels, such as 320x320, got {text}"
        raise ConfigError(msg)
    return int(height), int(width)
