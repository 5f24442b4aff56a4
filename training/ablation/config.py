"""What a table of ablations is made of: one closed YAML file, so that it can be made again.

It has a way that everything is done by, and variations of it. Around that way one thing is varied
at a time; ``cross`` takes every combination instead.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from configs import shipped
from engines.errors import ConfigError
from engines.sequence.shape import MODALITIES, Closed, Count, Modality
from stream.document import load_document

SHIPPED: Final[Mapping[str, str]] = {"small": "ablation.yaml", "paper": "ablation-paper.yaml"}
"""Files below ``configs/training``, by what a user calls them."""

Body = Literal["mlp", "gcn"]
Encoder = Literal["streaming", "bidirectional"]
Labels = Literal["all", "gold", "pseudo"]
"""all: every label of the train fold. Of made-up interviews also gold: those of a share of it; and
pseudo: these, and a teacher's of the others. Of recorded ones pseudo: all, and a teacher's of a
pool."""

ALONE, PAIRS, TOGETHER = "alone", "pairs", "together"
"""Each modality, two of them, all that the data have."""

Sets = tuple[str, ...]


class Variation(Closed):
    """What is otherwise than in the way that everything is done by."""

    body: Body | None = None
    """The keypoint network."""
    encoder: Encoder | None = None
    labels: Labels | None = None
    read: Sets | None = None
    """As above; null: the same."""
    seeds: Count | None = None
    """As above; null: as many."""
    recipe: dict[str, Any] = Field(default_factory=dict)
    """What its trainings have otherwise than the recipe."""

    @field_validator("read")
    @classmethod
    def _known(cls, read: Sets | None) -> Sets | None:
        return None if read is None else known(read)

    @model_validator(mode="after")
    def _varies(self) -> Self:
        if (self.body, self.encoder, self.labels) == (None, None, None):
            msg = "vary: expected body, encoder or labels to be otherwise, got none of them"
            raise ValueError(msg)
        return self


class GoldConfig(Closed):
    """Of made-up interviews: whose labels are known, and the teacher of the others."""

    share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Of the train fold."""
    right: Annotated[float, Field(ge=0, le=1)] = 0.7
    """How often the teacher is, on average."""


class AblationConfig(Closed):
    """All of it."""

    name: str
    base: str = "small"
    """The recipe: shipped, or a YAML file."""
    recipe: dict[str, Any] = Field(default_factory=dict)
    """What all trainings have otherwise than the recipe."""
    body: Body = "mlp"
    encoder: Encoder = "streaming"
    read: Sets = (ALONE, PAIRS, TOGETHER)
    """alone, pairs, together, or modalities by name, such as image+text."""
    seeds: Count = 2
    """Trainings a row, whose mean counts."""
    vary: tuple[Variation, ...] = ()
    cross: bool = False
    """Every combination of what is varied, and not one thing at a time."""
    gold: GoldConfig = GoldConfig()

    @field_validator("read")
    @classmethod
    def _known(cls, read: Sets) -> Sets:
        return known(read)


def known(read: Sets) -> Sets:
    """Return sets of modalities as they were stated.

    Raises:
        ValueError: If one is none.
    """
    for name in read:
        if name not in {ALONE, PAIRS, TOGETHER} and not set(name.split("+")) <= set(MODALITIES):
            msg = (
                f"read: expected {ALONE}, {PAIRS}, {TOGETHER} or some of {', '.join(MODALITIES)} "
                f"joined by +, got {name!r}"
            )
            raise ValueError(msg)
    return read


def sets_of(read: Sets, has: Sequence[Modality]) -> Iterator[tuple[Modality, ...]]:
    """Return the sets of modalities that are read; some may be of modalities that data lack.

    Args:
        read: As stated.
        has: What the data have.
    """
    for name in read:
        match name:
            case "alone":
                yield from ((own,) for own in MODALITIES)
            case "pairs":
                yield from combinations(MODALITIES, 2)
            case "together":
                yield tuple(has)
            case _:
                yield tuple(own for own in MODALITIES if own in name.split("+"))


def overrides(changed: Mapping[str, Any], above: str = "") -> list[str]:
    """Return nested keys and values as ``--set`` has them."""
    lines = []
    for key, value in changed.items():
        if isinstance(value, Mapping):
            lines += overrides(value, f"{above}{key}.")
        else:
            lines.append(f"{above}{key}={json.dumps(value)}")
    return lines


def load_config(name: str, changed: Sequence[str] = ()) -> AblationConfig:
    """Return a configuration.

    Args:
        name: A shipped one's name, or the path of a YAML file.
        changed: ``key=value`` pairs; keys are dotted, values are read as YAML.

    Raises:
        ConfigError: If there is none, or a key or a value is wrong.
    """
    stated = name in SHIPPED
    path = shipped(f"training/{SHIPPED[name]}") if stated else Path(name).expanduser()
    if not path.is_file():
        msg = (
            f"--config {name!r}: no such file, and none that is shipped has this name "
            f"(shipped: {', '.join(SHIPPED)})"
        )
        raise ConfigError(msg)
    return load_document(AblationConfig, path, changed)
