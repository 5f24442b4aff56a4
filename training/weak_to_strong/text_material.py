"""GoEmotions as it is learned from here: negative and positive comments, VADER the teacher."""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Int64
from numpy import ndarray

from engines.errors import ConfigError
from engines.spec.labels import VALENCES
from training.starter.text_embedding import TextEmbedder
from training.starter.texts import LabelledTexts, read_texts
from training.weak_to_strong.lexicon_opinions import LABELS, lexicon_opinions
from training.weak_to_strong.material import Material
from training.weak_to_strong.text_examples import TextExamples

TRAIN: Final = "group_train.tsv"
TEST: Final = "group_dev.tsv"
NEUTRAL: Final = VALENCES.index("neutral")


def read_comments(folder: Path, embedder: TextEmbedder) -> Material:
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
    learned = len(chosen[0])
    return Material(
        classes=LABELS,
        labels=np.concatenate([_two_classes(texts) for texts in chosen]),
        examples=TextExamples(torch.from_numpy(np.concatenate(vectors)), np.arange(learned)),
        opinions=lexicon_opinions([text for texts in chosen for text in texts.texts]),
        learned=learned,
    )


def _two_classes(texts: LabelledTexts) -> Int64[ndarray, " N"]:
    return (texts.labels > NEUTRAL).astype(np.int64)
