"""All rows and all trainings, each once: a modality alone is the first stage of all with it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from engines.errors import ConfigError
from engines.sequence.shape import MODALITIES, Modality
from training.ablation.config import AblationConfig, Labels, Variation, overrides, sets_of
from training.ablation.row import Row, Training, Way
from training.learning.recipe import Recipe, load_recipe


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is trained.

    Attributes:
        config: As stated.
        has: The modalities of the data.
        labels: What can be learned from: without a teacher there are no pseudo-labels, and gold
            alone is what the train fold of recorded interviews is anyway.

    Raises:
        ConfigError: If a recipe does not come out right, or nothing is left to train.
    """

    config: AblationConfig
    has: tuple[Modality, ...]
    labels: tuple[Labels, ...]

    def __post_init__(self) -> None:
        if not self.rows:
            msg = f"{self.config.name}: no row is left: {'; '.join(self.left_out)}"
            raise ConfigError(msg)
        assert self._recipes  # noqa: S101 (what is wrong with one is told now)

    @property
    def base(self) -> Way:
        """What is varied."""
        return Way(body=self.config.body, encoder=self.config.encoder, labels="all")

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Those that the data have what it takes for; of two alike the one of more seeds."""
        found: dict[tuple[tuple[Modality, ...], Way], Row] = {}
        for row in self._stated():
            if self._why_not(row) is None:
                key = row.given, row.way
                if key not in found or found[key].seeds < row.seeds:
                    found[key] = row
        return tuple(found.values())

    @property
    def left_out(self) -> tuple[str, ...]:
        """Why rows are missing, with how many they are."""
        counts: dict[str, set[tuple[tuple[Modality, ...], Way]]] = {}
        for row in self._stated():
            why = self._why_not(row)
            if why is not None:
                counts.setdefault(why, set()).add((row.given, row.way))
        return tuple(
            f"{why} ({len(rows)} row{'s' if len(rows) > 1 else ''})" for why, rows in counts.items()
        )

    @cached_property
    def trainings(self) -> tuple[Training, ...]:
        """Each once, after those that it builds upon."""
        found: dict[Training, None] = {}
        for row in self.rows:
            for training in row.trainings:
                found |= dict.fromkeys((*training.built_on, training))
        return tuple(found)

    def recipe(self, training: Training) -> Recipe:
        """Return how a network is trained."""
        return self._recipes[training]

    def stated(self, training: Training) -> str:
        """Return all that decides what comes of a training on the same data, as JSON."""
        unused = set() if training.way.labels == "pseudo" else {"pseudo"}
        return self.recipe(training).model_dump_json(exclude=unused)

    @cached_property
    def _recipes(self) -> dict[Training, Recipe]:
        """Read once: the files may change while a table is made."""
        return {training: self._recipe(training) for training in self.trainings}

    def _recipe(self, training: Training) -> Recipe:
        config, way = self.config, training.way
        changed = overrides(config.recipe)
        for own in config.vary:
            if self._has(way, own):
                changed += overrides(own.recipe)
        changed += [f"name={json.dumps(training.name)}", f"seed={training.seed}"]
        changed += [f"network.encoder={way.encoder}", f"network.body={way.body or config.body}"]
        changed += [f"branches.{name}=null" for name in MODALITIES if name not in training.given]
        return load_recipe(config.base, changed)

    def _stated(self) -> Iterator[Row]:
        """Return all rows of the configuration, whatever the data have."""
        config = self.config
        yield from self._rows(self.base, config.read, config.seeds)
        if config.cross:
            for way in self._combined():
                seeds = [own.seeds for own in config.vary if own.seeds and self._has(way, own)]
                yield from self._rows(way, config.read, min(seeds, default=config.seeds))
            return
        for own in config.vary:
            way = Way(
                body=own.body or config.body,
                encoder=own.encoder or config.encoder,
                labels=own.labels or "all",
            )
            yield from self._rows(way, own.read or config.read, own.seeds or config.seeds)

    def _rows(self, way: Way, read: Sequence[str], seeds: int) -> Iterator[Row]:
        for given in sets_of(tuple(read), self.has):
            yield Row(given=given, way=way.of(given), seeds=seeds)

    def _combined(self) -> Iterator[Way]:
        vary, base = self.config.vary, self.base
        bodies = dict.fromkeys([self.config.body, *(own.body for own in vary if own.body)])
        encoders = dict.fromkeys([base.encoder, *(own.encoder for own in vary if own.encoder)])
        labels = dict.fromkeys([base.labels, *(own.labels for own in vary if own.labels)])
        for body, encoder, learned in product(bodies, encoders, labels):
            yield Way(body=body, encoder=encoder, labels=learned)

    def _has(self, way: Way, variation: Variation) -> bool:
        """Return whether a way is otherwise than the base in all that a variation names."""
        named = [
            (variation.body, way.body),
            (variation.encoder, way.encoder),
            (variation.labels, way.labels),
        ]
        return all(stated in (None, own) for stated, own in named)

    def _why_not(self, row: Row) -> str | None:
        missing = [name for name in row.given if name not in self.has]
        if missing or not row.given:
            return f"the data have no {' and no '.join(missing)}"
        if row.way.labels not in self.labels:
            return {
                "gold": "gold alone: every label of recorded interviews is gold",
                "pseudo": "pseudo-labels: no --pseudo labels.parquet was given",
                "all": "all labels",
            }[row.way.labels]
        return None
