"""How a network is trained: one closed YAML file, so that a run can be stated and repeated."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from configs import shipped
from engines.errors import ConfigError
from engines.sequence.shape import (
    MODALITIES,
    BranchShape,
    Closed,
    Count,
    Modality,
    NetworkShape,
)
from stream.document import load_document
from training.pseudo_label.settings import Settings
from training.pseudo_label.weights import SURE, Weighing

SHIPPED: Final = ("small", "paper")

Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=0)]
Epochs = Annotated[int, Field(ge=0)]


class BranchRecipe(Closed):
    """One modality: its part of the network, and how it is trained alone."""

    layers: Annotated[int, Field(ge=0)] = 2
    """Of the temporal encoder."""
    pooling: Literal["attention", "newest"] = "attention"
    rate: Rate = 1e-3
    """The highest learning rate."""
    epochs: Epochs = 20
    """How often every interview is seen; 0: the branch is not trained alone."""


class BranchRecipes(Closed):
    """Stage 1; a modality that is null, or that the data lack, the network does not know."""

    image: BranchRecipe | None = BranchRecipe()
    keypoints: BranchRecipe | None = BranchRecipe()
    text: BranchRecipe | None = BranchRecipe()

    def of(self, modality: Modality) -> BranchRecipe | None:
        """Return what is stated of a modality."""
        stated = dict(zip(MODALITIES, (self.image, self.keypoints, self.text), strict=True))
        return stated[modality]


class JointRecipe(Closed):
    """Stage 2: the branches together."""

    rate: Rate = 5e-4
    """The highest learning rate of the fusion."""
    branches: Share = 0.2
    """Of a branch's own rate, which it goes on with; 0 leaves the branches as they are."""
    epochs: Epochs = 10
    modality_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """How often a modality is left out of an interview."""


class ShapeRecipe(Closed):
    """What all branches share; the grid, the features and the classes are the data's."""

    body: Literal["mlp", "gcn"] = "mlp"
    attended: bool = False
    channels: Annotated[tuple[Count, ...], Field(min_length=1)] = (48, 64, 96)
    kernel: Count = 9
    encoder: Literal["streaming", "bidirectional"] = "streaming"
    width: Count = 64
    heads: Count = 4
    looks: Count = 4
    band_s: Annotated[float, Field(gt=0)] = 240.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


class AugmentRecipe(Closed):
    """How much an interview is varied each time that it is seen; zeros vary nothing."""

    mirror: Share = 0.0
    """How often it is seen in a mirror."""
    warp: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """By how much of its pace it is slower or faster, at most; the pace wanders."""
    points: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the keypoints that are lost, each by itself."""
    ticks: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the ticks that are lost, in runs, as frames are that come too fast."""
    words_s: Annotated[float, Field(ge=0)] = 0.0
    """So much later words are known, at most."""
    reasoning: Share = 0.5
    """How often a teacher's notes are withheld, where there are any, so that the network reads
    without them, as a live run must."""

    @property
    def varies(self) -> bool:
        """Whether it does anything to an interview without a teacher's notes."""
        return any((self.mirror, self.warp, self.points, self.ticks, self.words_s))


class PrefixRecipe(Closed):
    """The loss of early readings."""

    count: Annotated[int, Field(ge=0)] = 2
    """Of an interview, each time that it is seen."""
    weight: Annotated[float, Field(ge=0)] = 0.5
    """Of their mean, where that of the last reading is 1."""
    from_s: Annotated[float, Field(ge=0)] = 10.0
    """None is earlier."""


class PseudoRecipe(Closed):
    """What is learned of a pool by a teacher's labels; without a pool it counts for nothing."""

    grades: Annotated[int, Field(ge=0)] = 4
    """Of the teacher's sureness, for each class, told apart when its errors are counted on gold; 0:
    its soft labels stay as they are."""
    weighing: Weighing = "even"
    """How much a label counts by how sure it is: alike, only if ``sure``, or by SoftMatch."""
    sure: Share = SURE
    """The threshold, where weighing is ``threshold``."""
    rounds: Count = 2
    """At most, after the one of gold alone; each is folds + 1 trainings."""
    folds: Annotated[int, Field(ge=2)] = 3
    """Of the gold, by people; each is left out once, and a round is judged by it."""
    doubt: Share = 0.05
    """A teacher is heard if answers at random would go with the gold's classes as well as its own
    less often than this; 1: in any case."""
    trust: Annotated[float, Field(ge=0)] = 3.0
    """What the loss of the teacher's labels counts, where that of gold is 1."""
    least_gain: Annotated[float, Field(ge=0)] = 0.0
    """In AUC on the gold that was left out; a round that gains no more does not count, and is the
    last."""

    def settings(self) -> Settings:
        """Return what the rounds are run by."""
        return Settings(
            grades=self.grades,
            weighing=self.weighing,
            sure=self.sure,
            rounds=self.rounds,
            least_gain=self.least_gain,
        )


class Recipe(Closed):
    """All of it. What is random follows from the seed, the stage, the epoch and the interview."""

    name: str
    """What the network is called."""
    seed: Annotated[int, Field(ge=0)] = 0
    network: ShapeRecipe = ShapeRecipe()
    branches: BranchRecipes = BranchRecipes()
    joint: JointRecipe = JointRecipe()
    batch: Count = 16
    """Interviews a step, on each device."""
    warm: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """Share of the steps in which the learning rate rises; then it falls as a cosine."""
    decay: Annotated[float, Field(ge=0)] = 1e-4
    """Of the weights of layers (AdamW)."""
    clip: Rate = 1.0
    """The longest gradient."""
    balance: Literal["weights", "sampler", "none"] = "weights"
    """Rare classes: each counts more, or is seen more often; both make the classes even to the
    network, so its prior is."""
    focus: Annotated[float, Field(ge=0)] = 0.0
    """The exponent of focal loss; 0: cross entropy."""
    prefixes: PrefixRecipe = PrefixRecipe()
    augment: AugmentRecipe = AugmentRecipe()
    pseudo: PseudoRecipe = PseudoRecipe()
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """Share of the training interviews, by whole subjects, that is kept to choose by, where the
    split has no fold for it with two classes."""
    patience: Annotated[int, Field(ge=1)] | None = None
    """So many epochs without a better validation loss end a stage, and the weights of the best one
    are kept; null: all epochs are run, and the last weights are kept."""
    risk: Annotated[float, Field(gt=0, lt=1)] | None = None
    """The share of wrong answers that is accepted; the threshold below which a live run abstains
    keeps it on the validation fold. null: it never abstains as unsure."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Processes that prepare batches; 0: the training's own."""
    precision: Literal["32-true", "bf16-mixed"] = "32-true"

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.network.encoder == "bidirectional" and self.prefixes.count:
            msg = (
                "prefixes.count: expected 0 with the bidirectional encoder, whose early readings "
                f"have seen the rest; got {self.prefixes.count}"
            )
            raise ValueError(msg)
        return self

    def shape(
        self, features: Mapping[Modality, int], *, classes: int, grid_hz: float
    ) -> NetworkShape:
        """Return the network that learns from some data.

        Args:
            features: Numbers of one tick, by modality that the data have.
            classes: Of the data.
            grid_hz: Of the data.

        Raises:
            ValueError: If the recipe and the data share no modality.
        """
        branches = {
            name: BranchShape(features=features[name], layers=own.layers, pooling=own.pooling)
            for name in MODALITIES
            if (own := self.branches.of(name)) is not None and name in features
        }
        stated = {name: branches.get(name) for name in MODALITIES}
        return NetworkShape(
            **stated,
            **self.network.model_dump(),
            classes=classes,
            grid_hz=grid_hz,
            modality_dropout=self.joint.modality_dropout if len(branches) > 1 else 0.0,
        )


def load_recipe(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """Return a recipe.

    Args:
        name: A shipped recipe's name, or the path of a YAML file.
        overrides: ``key=value`` pairs; keys are dotted, values are read as YAML.

    Raises:
        ConfigError: If there is no such recipe, or a key or a value is wrong.
    """
    path = shipped(f"training/{name}.yaml") if name in SHIPPED else Path(name).expanduser()
    if not path.is_file():
        msg = (
            f"recipe {name!r}: no such file, and no shipped recipe has this name "
            f"(shipped: {', '.join(SHIPPED)})"
        )
        raise ConfigError(msg)
    return load_document(Recipe, path, overrides)
