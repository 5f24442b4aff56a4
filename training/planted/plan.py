"""What is learned from what: readers, what they are given to find, and how long they look.

Interviews of three minutes, a tick every two seconds: so slow a grid loses nothing of cues of ten
seconds that are a minute or two apart, and makes thousands of interviews cheap. They are many and
short because what a network has to see through is chance: at a ceiling of .75 every fourth
interview tells it the wrong thing.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from engines.sequence.shape import MODALITIES, Modality
from training.learning.recipe import BranchRecipe, BranchRecipes, JointRecipe, PrefixRecipe, Recipe
from training.synthetic.plant import Plant
from training.synthetic.script import SyntheticConfig

Condition = Literal["planted", "permuted", "nothing"]
"""A signal in each modality; the same, learned with the labels of others; no signal anywhere."""
Reader = Literal["image", "mlp", "gcn", "text", "joint"]
"""A branch alone (of keypoints: two bodies), or image, mlp and text together."""

CONDITIONS: Final[tuple[Condition, ...]] = ("planted", "permuted", "nothing")
READS: Final[Mapping[Reader, tuple[Modality, ...]]] = {
    "image": ("image",),
    "mlp": ("keypoints",),
    "gcn": ("keypoints",),
    "text": ("text",),
    "joint": MODALITIES,
}
PLANTS: Final[Mapping[Modality, Plant]] = {
    "image": Plant(agrees=0.75),
    "keypoints": Plant(agrees=0.8),
    "text": Plant(agrees=0.75),
}
SHARES: Final = {"train": 0.65, "validation": 0.05, "test": 0.3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One training and its test.

    Attributes:
        condition: What there is to find.
        reader: What is trained.
        seed: Of its first weights and of the order in which it sees interviews.
    """

    condition: Condition
    reader: Reader
    seed: int = 0

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.condition}-{self.reader}-{self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How one reader learns.

    Attributes:
        rate: The highest learning rate.
        epochs: How often it sees every interview.
        batch: Interviews a step.
        precision: As a recipe has it.
    """

    rate: float
    epochs: int
    batch: int = 64
    precision: Literal["32-true", "bf16-mixed"] = "32-true"


_LEARNING: Final[Mapping[Reader, Learning]] = {
    "image": Learning(rate=4e-3, epochs=5),
    "mlp": Learning(rate=2e-3, epochs=6, batch=32, precision="bf16-mixed"),
    # alike, but for the rate: at 2e-3 it had found nothing in half of it
    "gcn": Learning(rate=1e-3, epochs=6, batch=32, precision="bf16-mixed"),
    "text": Learning(rate=4e-3, epochs=4),
    "joint": Learning(rate=1e-3, epochs=1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is done.

    Attributes:
        interviews: Of all folds.
        subjects: Among how many people they are divided.
        seeds: Starts of a keypoint body where something is planted, of which the validation fold
            chooses; everything else has one.
        learning: By reader.
        width: Of all networks.
        channels: Of the graph convolution. Those of ``KeypointGcn`` itself would take five times
            as long.
        duration_s: The shortest and the longest interview.
        lag_s: The shortest and the longest time from one cue to the other.
    """

    interviews: int = 4000
    subjects: int = 100
    seeds: Mapping[Reader, int] = field(default_factory=lambda: {"mlp": 5, "gcn": 1})
    learning: Mapping[Reader, Learning] = field(default_factory=lambda: dict(_LEARNING))
    width: int = 64
    channels: tuple[int, ...] = (16, 24, 32)
    duration_s: tuple[float, float] = (160.0, 190.0)
    lag_s: tuple[float, float] = (60.0, 110.0)

    def config(self, condition: Condition) -> SyntheticConfig:
        """Return the interviews of a condition."""
        return SyntheticConfig(
            interviews=self.interviews,
            subjects=self.subjects,
            plants={} if condition == "nothing" else PLANTS,
            duration_s=self.duration_s,
            lag_s=self.lag_s,
            cue_s=10.0,
            grid_hz=0.5,
        )

    def recipe(self, trial: Trial) -> Recipe:
        """Return how a trial's network is trained."""
        own = self.learning[trial.reader]
        part = BranchRecipe(layers=2, rate=own.rate, epochs=own.epochs)
        given: dict[str, BranchRecipe | None] = {
            name: part if name in READS[trial.reader] else None for name in MODALITIES
        }
        return Recipe(
            name=trial.name,
            seed=trial.seed,
            network={
                "width": self.width,
                "body": "gcn" if trial.reader == "gcn" else "mlp",
                "channels": self.channels,
                # a tick alone: nine ticks of two seconds are longer than any movement
                "kernel": 1,
                "band_s": max(self.duration_s),
            },
            branches=BranchRecipes(**given),
            joint=JointRecipe(rate=own.rate, branches=0.2, epochs=own.epochs),
            batch=own.batch,
            # what comes before both cues tells nothing here: an early loss would be noise alone
            prefixes=PrefixRecipe(count=0),
            precision=own.precision,
        )

    def stated(self, trial: Trial) -> str:
        """Return all that decides what comes of a trial, as JSON."""
        recipe = self.recipe(trial).model_dump(mode="json")
        interviews = asdict(self.config(trial.condition))
        return json.dumps([interviews, recipe], sort_keys=True)

    def trials(self) -> tuple[Trial, ...]:
        """Return all trials, each after those it builds upon, the dear ones last.

        The graph convolution has one, where there is something to find: another would not fit
        into the half hour.
        """
        cheap: tuple[Reader, ...] = ("image", "text", "mlp", "joint")
        once = [
            Trial(condition=condition, reader=reader)
            for condition in CONDITIONS
            for reader in cheap
        ]
        again = [
            Trial(condition="planted", reader=reader, seed=seed)
            for reader, seeds in self.seeds.items()
            for seed in range(seeds)
        ]
        return tuple(dict.fromkeys((*once, *again)))


QUICK: Final = Plan(
    interviews=120,
    subjects=20,
    seeds={"mlp": 2, "gcn": 2},
    learning={reader: Learning(rate=1e-3, epochs=1, batch=16) for reader in READS},
    width=16,
    channels=(4, 4),
    duration_s=(95.0, 105.0),
    lag_s=(25.0, 50.0),
)
"""A look at the machinery; its figures mean nothing."""
