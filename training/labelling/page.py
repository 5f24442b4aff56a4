"""The report of a labelling: one HTML page that needs nothing beside it."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from jinja2 import Environment, StrictUndefined

from calibration.reliability import Reliability
from training.labelling.question import Picture
from training.labelling.table import ClipLabel, LabelTable
from training.labelling.worth import Worth

TEMPLATE: Final = "report.html.j2"
EXAMPLES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A clip that is shown whole.

    Attributes:
        clip: Its label.
        gold: Its class, if that is known.
        frames: Pictures of it, as data URLs with their times.
    """

    clip: ClipLabel
    gold: str | None
    frames: Sequence[tuple[float, str]]


def examples(
    table: LabelTable, gold: Mapping[str, str], pictures: Mapping[str, Sequence[Picture]]
) -> list[Example]:
    """Return the clips that are worth a look: the surest mistakes first, then the most disputed.

    Args:
        table: The labels.
        gold: The classes that are known, by clip.
        pictures: Frames by clip, of those that are to be shown.
    """

    def order(clip: ClipLabel) -> tuple[bool, float]:
        wrong = clip.label is not None and gold.get(clip.clip, clip.label) != clip.label
        return (not wrong, -(clip.confidence or 0) if wrong else -(clip.disagreement or 0))

    return [
        Example(
            clip=clip,
            gold=gold.get(clip.clip),
            frames=[(shown.time_s, _data_url(shown)) for shown in pictures.get(clip.clip, ())],
        )
        for clip in sorted(table.clips, key=order)[:EXAMPLES]
    ]


def render_page(table: LabelTable, told: Worth, shown: Sequence[Example]) -> str:
    """Return the page."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["cues"] = json.loads
    source = files("training.labelling").joinpath(TEMPLATE).read_text(encoding="utf-8")
    costs = [clip.cost_usd for clip in table.clips if clip.cost_usd is not None]
    gold = told.gold
    bins = [] if gold is None else _bins(gold.confidence)
    return environment.from_string(source).render(
        bins=bins,
        table=table,
        worth=told,
        examples=shown,
        without=[clip for clip in table.clips if clip.label is None],
        cost_usd=sum(costs) if costs else None,
    )


def _bins(told: Reliability) -> list[tuple[float, float, int]]:
    return list(
        zip(told.confidence.tolist(), told.right.tolist(), told.count.tolist(), strict=True)
    )


def _data_url(picture: Picture) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(picture.jpeg).decode()}"
