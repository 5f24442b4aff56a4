"""Students of texts: the starter's text head on MiniLM's vectors, which stay as they are."""

from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Float64
from numpy import ndarray
from torch import Tensor
from torch.optim.lr_scheduler import OneCycleLR

from engines.networks.text_head import TextHead
from training.pseudo_label.batches import Mixture, mixed
from training.pseudo_label.lesson import Lesson, Rows
from training.pseudo_label.loss import borrowed_loss, gold_loss


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRecipe:
    """How a head is trained.

    Attributes:
        mixture: Of a batch.
        steps: With a pool.
        gold_steps: On gold alone, of which so little is soon learned by heart.
        trust: What the borrowed loss counts, where that of gold counts 1.
        rate: The highest learning rate; it rises over ``warm`` of the steps and falls as a cosine.
        warm: Share of the steps in which the rate rises.
        decay: Weight decay.
        dropped: Share of the embedding's numbers that are dropped.
        dropout: Of the hidden ones.
    """

    mixture: Mixture = field(default_factory=Mixture)
    steps: int = 600
    gold_steps: int = 100
    trust: float = 3.0
    rate: float = 1e-3
    warm: float = 0.15
    decay: float = 0.05
    dropped: float = 0.1
    dropout: float = 0.5


class TextStudent:
    """A trained head.

    Args:
        head: In evaluation mode.
        embeddings: Of all texts.
    """

    def __init__(self, head: TextHead, embeddings: Float[Tensor, "N 384"]) -> None:
        self._head = head
        self._embeddings = embeddings

    def read(self, rows: Rows) -> Float64[ndarray, "N C"]:
        """Return the probabilities of the classes, all being taken for alike frequent."""
        with torch.inference_mode():
            logits = self._head(self._embeddings[torch.from_numpy(rows)])
        probabilities: Float64[ndarray, "N C"] = logits.double().softmax(1).numpy()
        return probabilities


class TextLearner:
    """Trains heads.

    Args:
        embeddings: Of all texts.
        usual: The texts whose vectors have zero mean and unit deviation inside; no label is seen.
        recipe: How.
    """

    def __init__(self, embeddings: Float[Tensor, "N 384"], usual: Rows, recipe: TextRecipe) -> None:
        self._embeddings = embeddings
        self._usual = embeddings[torch.from_numpy(usual)]
        self._recipe = recipe

    def taught(self, lesson: Lesson, *, seed: int) -> TextStudent:
        """Return a new student of a lesson."""
        recipe, borrowed = self._recipe, lesson.borrowed
        steps = recipe.gold_steps if borrowed is None else recipe.steps
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            head = TextHead(
                dropped=recipe.dropped, dropout=recipe.dropout, classes=len(lesson.prior)
            )
            head.standardise(self._usual)
            optimizer = torch.optim.AdamW(
                head.parameters(), lr=recipe.rate, weight_decay=recipe.decay
            )
            schedule = OneCycleLR(
                optimizer, recipe.rate, total_steps=steps + 1, pct_start=recipe.warm
            )
            batches = mixed(
                recipe.mixture,
                gold=len(lesson.gold),
                borrowed=0 if borrowed is None else len(borrowed.rows),
                steps=steps,
                random=np.random.default_rng(seed),
            )
            loss_of = _Loss(self._embeddings, lesson, recipe.trust)
            for known, others in batches:
                optimizer.zero_grad()
                loss_of(head, known, others).backward()
                optimizer.step()
                schedule.step()
        head.eval()
        return TextStudent(head, self._embeddings)


class _Loss:
    """The loss of a lesson's batches."""

    def __init__(self, embeddings: Tensor, lesson: Lesson, trust: float) -> None:
        self._trust = trust
        self._prior = torch.from_numpy(lesson.prior).float()
        self._gold = embeddings[torch.from_numpy(lesson.gold)]
        self._labels = torch.from_numpy(np.array(lesson.labels))
        borrowed = lesson.borrowed
        if borrowed is not None:
            self._pool = embeddings[torch.from_numpy(borrowed.rows)]
            self._answers = torch.from_numpy(borrowed.answers).float()
            self._noise = torch.from_numpy(borrowed.noise).float()
            self._weights = torch.from_numpy(borrowed.weights).float()

    def __call__(self, head: TextHead, known: Rows, others: Rows) -> Tensor:
        some, more = torch.from_numpy(known), torch.from_numpy(others)
        if not len(more):
            return gold_loss(head(self._gold[some]), self._labels[some], prior=self._prior)
        logits = head(torch.cat([self._gold[some], self._pool[more]]))
        own = gold_loss(logits[: len(some)], self._labels[some], prior=self._prior)
        taken = borrowed_loss(
            logits[len(some) :],
            self._answers[more],
            noise=self._noise,
            weights=self._weights[more],
            prior=self._prior,
        )
        return own + self._trust * taken
