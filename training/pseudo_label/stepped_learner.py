"""Students of any small network: trained for so many steps on batches of gold and of the pool.

The network of each is new, and all that is random follows from the seed, so two students of one
seed differ by their lessons alone.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
import torch
from jaxtyping import Float64
from numpy import ndarray
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR

from training.pseudo_label.batches import Mixture, mixed
from training.pseudo_label.lesson import Lesson, Rows
from training.pseudo_label.loss import borrowed_loss, gold_loss

READ_AT_ONCE: Final = 512


class Examples(Protocol):
    """What there is to learn from, and the kind of network that does."""

    def network(self, classes: int) -> nn.Module:
        """Return a network with new weights, drawn from torch's own random numbers.

        It is called with what ``feed`` returns, and returns logits [B C].
        """
        ...

    def feed(self, rows: Rows, random: np.random.Generator | None) -> Any:  # noqa: ANN401 (the network's own)
        """Return examples as the network takes them.

        Args:
            rows: Which.
            random: By which they are varied; None: as they are.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecipe:
    """How a network is trained.

    Attributes:
        mixture: Of a batch.
        steps: With a pool.
        gold_steps: On gold alone, of which so little is soon learned by heart.
        trust: What the borrowed loss counts, where that of gold counts 1.
        rate: The highest learning rate; it rises over ``warm`` of the steps and falls as a cosine.
        warm: Share of the steps in which the rate rises.
        decay: Weight decay (AdamW), of the weights of layers.
        clip: The longest gradient.
    """

    mixture: Mixture = field(default_factory=Mixture)
    steps: int
    gold_steps: int
    trust: float
    rate: float
    warm: float = 0.15
    decay: float = 0.05
    clip: float = 5.0


class SteppedStudent:
    """A trained network.

    Args:
        network: In evaluation mode.
        examples: What it reads.
    """

    def __init__(self, network: nn.Module, examples: Examples) -> None:
        self._network = network
        self._examples = examples

    def read(self, rows: Rows) -> Float64[ndarray, "N C"]:
        """Return the probabilities of the classes, all being taken for alike frequent."""
        with torch.inference_mode():
            logits = [
                self._network(self._examples.feed(rows[first : first + READ_AT_ONCE], None))
                for first in range(0, len(rows), READ_AT_ONCE)
            ]
        probabilities: Float64[ndarray, "N C"] = torch.cat(logits).double().softmax(1).numpy()
        return probabilities


class SteppedLearner:
    """Trains networks of one kind.

    Args:
        examples: To learn from.
        recipe: How.
    """

    def __init__(self, examples: Examples, recipe: StepRecipe) -> None:
        self._examples = examples
        self._recipe = recipe

    def taught(self, lesson: Lesson, *, seed: int) -> SteppedStudent:
        """Return a new student of a lesson."""
        recipe, borrowed = self._recipe, lesson.borrowed
        steps = recipe.gold_steps if borrowed is None else recipe.steps
        random = np.random.default_rng(seed)
        batches = mixed(
            recipe.mixture,
            gold=len(lesson.gold),
            borrowed=0 if borrowed is None else len(borrowed.rows),
            steps=steps,
            random=random,
        )
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = self._examples.network(len(lesson.prior))
            optimizer = torch.optim.AdamW(_groups(network, recipe.decay), lr=recipe.rate)
            schedule = OneCycleLR(
                optimizer, recipe.rate, total_steps=steps + 1, pct_start=recipe.warm
            )
            loss_of = _LessonLoss(lesson, recipe.trust)
            network.train()
            for known, others in batches:
                rows = lesson.gold[known]
                if borrowed is not None:
                    rows = np.concatenate([rows, borrowed.rows[others]])
                optimizer.zero_grad()
                logits = network(self._examples.feed(rows, random))
                loss_of(logits, known, others).backward()
                nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
                optimizer.step()
                schedule.step()
        network.eval()
        return SteppedStudent(network, self._examples)


class _LessonLoss:
    """The loss of a lesson's batches, gold first."""

    def __init__(self, lesson: Lesson, trust: float) -> None:
        self._trust = trust
        self._prior = torch.from_numpy(lesson.prior).float()
        self._labels = torch.from_numpy(np.array(lesson.labels))
        borrowed = lesson.borrowed
        if borrowed is not None:
            self._answers = torch.from_numpy(borrowed.answers).float()
            self._noise = torch.from_numpy(borrowed.noise).float()
            self._weights = torch.from_numpy(borrowed.weights).float()

    def __call__(self, logits: Tensor, known: Rows, others: Rows) -> Tensor:
        own = gold_loss(
            logits[: len(known)], self._labels[torch.from_numpy(known)], prior=self._prior
        )
        if not len(others):
            return own
        places = torch.from_numpy(others)
        taken = borrowed_loss(
            logits[len(known) :],
            self._answers[places],
            noise=self._noise,
            weights=self._weights[places],
            prior=self._prior,
        )
        return own + self._trust * taken


def _groups(network: nn.Module, decay: float) -> list[dict[str, Any]]:
    own = list(network.parameters())
    return [
        {"params": [p for p in own if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in own if p.ndim <= 1], "weight_decay": 0.0},
    ]
