"""A row of the table, and the trainings that it takes."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from engines.sequence.shape import Modality
from training.ablation.config import Body, Encoder, Labels

KEYPOINTS = "keypoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a network is made and taught.

    Attributes:
        body: The keypoint network; None where no keypoints are read.
        encoder: Of time.
        labels: What it learns from.
    """

    body: Body | None
    encoder: Encoder
    labels: Labels

    def of(self, given: Collection[str]) -> "Way":
        """Return the way of a network of some modalities: without keypoints the body is none."""
        return self if KEYPOINTS in given else replace(self, body=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One training and its test.

    Attributes:
        given: The modalities that are read.
        way: How.
        seed: Of first weights, of the order in which interviews are seen, and of who is gold.
    """

    given: tuple[Modality, ...]
    way: Way
    seed: int

    @property
    def name(self) -> str:
        """Of its folder."""
        parts = ("+".join(self.given), self.way.body, self.way.encoder, self.way.labels)
        return "-".join([*(part for part in parts if part is not None), str(self.seed)])

    @property
    def built_on(self) -> tuple["Training", ...]:
        """What it begins with: each of its modalities alone, if they are several."""
        if len(self.given) == 1:
            return ()
        return tuple(
            Training(given=(name,), way=self.way.of((name,)), seed=self.seed) for name in self.given
        )

    def learning_from(self, labels: Labels) -> "Training":
        """Return the same with other labels."""
        return replace(self, way=replace(self.way, labels=labels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table: trainings that differ in their seed.

    Attributes:
        given: The modalities that are read.
        way: How.
        seeds: How many trainings.
    """

    given: tuple[Modality, ...]
    way: Way
    seeds: int

    @property
    def trainings(self) -> tuple[Training, ...]:
        """One a seed."""
        return tuple(
            Training(given=self.given, way=self.way, seed=seed) for seed in range(self.seeds)
        )
