"""GoEmotions as it is learned from here: negative and positive comments, gold drawn from them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from numpy import ndarray
from torch import Tensor

from engines.errors import ConfigError
from engines.spec.labels import VALENCES
from training.pseudo_label.lesson import Rows
from training.pseudo_label.opinions import Opinions
from training.pseudo_label.task import Gold
from training.starter.text_embedding import TextEmbedder
from training.starter.texts import LabelledTexts, read_texts
from training.weak_to_strong.lexicon_opinions import lexicon_opinions

TRAIN: Final = "group_train.tsv"
TEST: Final = "group_dev.tsv"
NEUTRAL: Final = VALENCES.index("neutral")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMaterial:
    """Texts of two classes; those to learn from come first, those of the test after them.

    Attributes:
        labels: 0 is negative, 1 positive.
        embeddings: MiniLM's.
        opinions: The lexicon's, which has seen no label.
        learned: How many are to learn from.
    """

    labels: Int64[ndarray, " N"]
    embeddings: Float[Tensor, "N 384"]
    opinions: Opinions
    learned: int

    @property
    def test(self) -> Rows:
        """Those of the test."""
        return np.arange(self.learned, len(self.labels))

    def draw(self, share: float, seed: int, folds: int) -> tuple[Gold, Rows]:
        """Return gold, and the others to learn from.

        Args:
            share: Of those to learn from.
            seed: Decides which; gold of a smaller share is gold of a larger one.
            folds: That gold is divided into, alike in their classes.
        """
        random = np.random.default_rng(seed)
        order = random.permutation(self.learned)
        count = round(share * self.learned)
        rows, pool = np.sort(order[:count]), np.sort(order[count:])
        labels = self.labels[rows]
        places = np.empty(count, np.int64)
        for label in np.unique(labels).tolist():
            own = random.permutation(np.flatnonzero(labels == label))
            places[own] = np.arange(len(own)) % folds
        return Gold(rows=rows, labels=labels, folds=places), pool

    def odds(self) -> Float64[ndarray, " N"]:
        """Return by how much the lexicon speaks for positive; 0 where it is silent."""
        return np.asarray(self.opinions.soft[:, 1] - self.opinions.soft[:, 0])


def read_material(folder: Path, embedder: TextEmbedder) -> TextMaterial:
    """Read, embed and ask the lexicon; vectors are kept, so that a second time takes seconds.

    Args:
        folder: Of GoEmotions.
        embedder: MiniLM.

    Raises:
        ConfigError: If the folder has not what is expected.
    """
    if not (folder / TRAIN).is_file():
        msg = f"{folder}: expected {TRAIN} and {TEST} of GoEmotions"
        raise ConfigError(msg)
    train, test = read_texts(folder / TRAIN), read_texts(folder / TEST)
    kept = (train.labels != NEUTRAL) & ~train.among(test), test.labels != NEUTRAL
    # all are embedded, as for the starter: one cache serves both
    vectors = [
        embedder.embed(texts.texts)[own] for texts, own in zip((train, test), kept, strict=True)
    ]
    chosen = [texts.where(own) for texts, own in zip((train, test), kept, strict=True)]
    return TextMaterial(
        labels=np.concatenate([_two_classes(texts) for texts in chosen]),
        embeddings=torch.from_numpy(np.concatenate(vectors)),
        opinions=lexicon_opinions([text for texts in chosen for text in texts.texts]),
        learned=len(chosen[0]),
    )


def _two_classes(texts: LabelledTexts) -> Int64[ndarray, " N"]:
    return (texts.labels > NEUTRAL).astype(np.int64)
