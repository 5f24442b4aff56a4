"""The settings of the texts that were to be chosen between, and all that there were of each.

Two grids, since a student of gold alone has other knobs than one that has a pool: the first is
settled before the second, which keeps what the plan says of it.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, get_args

from engines.errors import ConfigError
from training.pseudo_label.settings import Settings
from training.pseudo_label.stepped_learner import StepRecipe
from training.pseudo_label.weights import Weighing
from training.weak_to_strong.text_plan import TEXTS

Part = Literal["gold", "pool"]
Values = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """One choice; what is not stated is as in the plan.

    Attributes:
        gold_steps: Of a student of gold alone.
        rate: The highest learning rate.
        dropout: Of the hidden numbers.
        decay: Of the weights of layers.
        steps: Of a student with a pool.
        trust: What the loss of the teacher's labels counts, where that of gold is 1.
        weighing: How much a label counts by how sure it is.
        grades: Of sureness, for each class.
        dropped: Share of the embedding that is dropped.
    """

    gold_steps: int = TEXTS.recipe.gold_steps
    rate: float = TEXTS.recipe.rate
    dropout: float = 0.5
    decay: float = TEXTS.recipe.decay
    steps: int = TEXTS.recipe.steps
    trust: float = TEXTS.recipe.trust
    weighing: Weighing = TEXTS.settings.weighing
    grades: int = TEXTS.settings.grades
    dropped: float = 0.1

    def recipe(self) -> StepRecipe:
        """Return how a student is trained."""
        return replace(
            TEXTS.recipe,
            steps=self.steps,
            gold_steps=self.gold_steps,
            trust=self.trust,
            rate=self.rate,
            decay=self.decay,
        )

    def settings(self) -> Settings:
        """Return what the rounds are run by."""
        return replace(TEXTS.settings, weighing=self.weighing, grades=self.grades)


PLANNED: Final = Knobs()

GRIDS: Final[Mapping[Part, Values]] = {
    "gold": {
        "gold_steps": (100, 200, 400),
        "rate": (1e-3, 3e-3),
        "dropout": (0.3, 0.5, 0.7),
        "decay": (0.01, 0.05),
    },
    "pool": {
        "steps": (600, 1200, 2400),
        "trust": (1.0, 3.0, 10.0, 30.0),
        "weighing": ("even", "softmatch"),
        "grades": (2, 4, 8),
        "dropped": (0.1, 0.3),
    },
}

QUICK: Final[Mapping[Part, Values]] = {
    "gold": {"gold_steps": (20, 40)},
    "pool": {"steps": (20,), "gold_steps": (20,), "trust": (1.0, 10.0)},
}
"""A look at the machinery; its figures mean nothing."""


def candidates(values: Values) -> tuple[Knobs, ...]:
    """Return all choices of a grid."""
    return tuple(
        Knobs(**dict(zip(values, chosen, strict=True)))
        for chosen in itertools.product(*values.values())
    )


def narrowed(grids: Mapping[Part, Values], takes: Sequence[str]) -> dict[Part, Values]:
    """Return grids of fewer values.

    Args:
        grids: By what they are of.
        takes: ``KNOB=VALUE,VALUE...``; of other knobs all values stay.

    Raises:
        ConfigError: If none of the grids has the knob, or a value is none of it.
    """
    found = {part: dict(values) for part, values in grids.items()}
    for take in takes:
        name, _, told = take.partition("=")
        having = [values for values in found.values() if name in values]
        if not having:
            known = ", ".join(knob for values in found.values() for knob in values)
            msg = f"--take {take}: expected one of the knobs {known}"
            raise ConfigError(msg)
        for values in having:
            values[name] = tuple(_value(name, value, take) for value in told.split(","))
    return dict(found)


def shown(knobs: Knobs, values: Values) -> str:
    """Return a choice as a table shows it: what the grid varies."""
    own = asdict(knobs)
    return ", ".join(f"{name} {_plain(own[name])}" for name in values)


def _value(name: str, told: str, take: str) -> Any:  # noqa: ANN401 (the knob's own)
    planned = getattr(PLANNED, name)
    try:
        value = type(planned)(told)
    except ValueError:
        value = None
    if value is None or (name == "weighing" and value not in get_args(Weighing)):
        msg = f"--take {take}: {told!r} is no value of {name}, which is {planned!r} in the plan"
        raise ConfigError(msg)
    return value


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
