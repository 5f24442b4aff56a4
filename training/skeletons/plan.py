"""Which runs there are: how the rates are chosen, and what is tested with them.

Both bodies are given the same: for each fold the rates of one short list are tried by leaving out
one training subject at a time, at two fifths of the epochs and with one seed, and with the better
one all training subjects are learned from, with five seeds. The test subjects take no part in the
choice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from training.skeletons.clips import Fold
from training.skeletons.datasets import DATASETS
from training.skeletons.material import Material, read_material
from training.skeletons.run import Run
from training.skeletons.skeleton_network import Body
from training.skeletons.skeleton_training import Recipe

BODIES: Final[tuple[Body, ...]] = ("mlp", "gcn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is done.

    Attributes:
        seeds: Of each body, on each fold.
        rates: Learning rates to choose from.
        choosing: Share of the epochs that a rate is tried for.
        shortened: Epochs and drawn clips are divided by it.
    """

    seeds: int = 5
    rates: tuple[float, ...] = (1e-3, 3e-3)
    choosing: float = 0.4
    shortened: int = 1

    def material(self, name: str, folder: Path) -> Material:
        """Read and cut a data set, shortened as planned.

        Raises:
            DatasetError: If its file is not as expected.
        """
        dataset = DATASETS[name]
        shortened = replace(
            dataset,
            epochs=max(2, dataset.epochs // self.shortened),
            drawn=dataset.drawn // self.shortened,
        )
        return read_material(name, shortened, folder)

    def choices(self, material: Material, fold: Fold, body: Body) -> Mapping[float, list[Run]]:
        """Return the runs that a fold's rate is chosen by; none where there is no choice."""
        if len(self.rates) == 1:
            return {self.rates[0]: []}
        epochs = max(1, round(material.dataset.epochs * self.choosing))
        return {
            rate: [
                Run(recipe=Recipe(body=body, rate=rate, epochs=epochs, seed=0), fold=inner)
                for inner in fold.within()
            ]
            for rate in self.rates
        }

    def tests(self, material: Material, fold: Fold, rates: Mapping[Body, float]) -> Iterator[Run]:
        """Return the runs that are counted, seed by seed, so that an early end is fair to both."""
        epochs = material.dataset.epochs
        for seed in range(self.seeds):
            for body, rate in rates.items():
                recipe = Recipe(body=body, rate=rate, epochs=epochs, seed=seed)
                yield Run(recipe=recipe, fold=fold)

    def steps(self, material: Material, body: Body) -> int:
        """Return how many steps of training a body takes on a data set, all runs together."""
        total = 0.0
        for fold in material.folds:
            tried = [run for runs in self.choices(material, fold, body).values() for run in runs]
            tested = list(self.tests(material, fold, {body: self.rates[0]}))
            for run in (*tried, *tested):
                clips = material.dataset.drawn or len(material.clips.of(run.fold.train))
                total += run.recipe.epochs * (clips // run.recipe.batch)
        return round(total)


QUICK: Final = Plan(seeds=2, rates=(1e-3,), shortened=10)
