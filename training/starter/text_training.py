"""Training and calibration of the starter's text head on GoEmotions, from the texts to the weights.

    python -m training.starter.text_training ../shared/data/goemotions/group_train.tsv \
        --models ~/.cache/subface/models --cache runs/texts --out engines/models/starter

MiniLM stays as it is, so its vectors are made once (minutes) and the head is trained on them in
seconds. A rare class weighs as much as a common one in the loss; its share is then put back into
the bias, for probabilities have to be those of the texts as they come. The number of epochs is
fixed beforehand, and no epoch is picked by its score.

One temperature mends the rest. It is fitted out of fold: the head that ships did not see the first
tenth of the texts, nine more by the same recipe did not see another tenth each, and the ten say of
all texts what they would say of new ones. One tenth alone leaves too much to chance: from tenth to
tenth the temperature went from 1.06 to 1.18.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int64
from scipy.optimize import minimize_scalar
from torch import Generator, Tensor
from torch.nn import functional
from torch.optim.lr_scheduler import OneCycleLR

from engines.build.graph_provenance import sha256, versions
from engines.build.text_head_export import write_weights
from engines.errors import ConfigError, SubfaceError
from engines.networks.text_head import VALENCES, TextHead
from training.starter.text_embedding import TextEmbedder
from training.starter.texts import SLICE_OF, LabelledTexts, read_texts

TEMPERATURES: Final = (0.2, 5.0)
"""What lies beyond says that something else is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the head is trained.

    Attributes:
        epochs: How often every text is seen.
        seed: Of the first weights, the order and what is dropped.
        batch: Texts a step.
        rate: The highest learning rate; it rises over ``warm`` of the steps and falls as a cosine.
        warm: Share of the steps in which the rate rises.
        decay: Weight decay.
        dropped: Share of the embedding's numbers that are dropped.
        dropout: Of the hidden ones.
    """

    epochs: int = 12
    seed: int = 0
    batch: int = 128
    rate: float = 1e-3
    warm: float = 0.15
    decay: float = 0.05
    dropped: float = 0.1
    dropout: float = 0.5


def fitted_head(
    embeddings: Float[Tensor, "N 384"], labels: Int64[Tensor, " N"], recipe: Recipe
) -> TextHead:
    """Return a trained head of as many classes as there are labels, in evaluation mode.

    Every class has to occur.
    """
    shares = torch.bincount(labels) / len(labels)
    generator = Generator().manual_seed(recipe.seed)
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        head = TextHead(dropped=recipe.dropped, dropout=recipe.dropout, classes=len(shares))
        head.standardise(embeddings)
        optimizer = torch.optim.AdamW(head.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
        steps = recipe.epochs * -(-len(labels) // recipe.batch)
        schedule = OneCycleLR(optimizer, recipe.rate, total_steps=steps + 1, pct_start=recipe.warm)
        for _ in range(recipe.epochs):
            for rows in torch.randperm(len(labels), generator=generator).split(recipe.batch):
                optimizer.zero_grad()
                logits = head(embeddings[rows])
                functional.cross_entropy(logits, labels[rows], weight=1 / shares).backward()
                optimizer.step()
                schedule.step()
    with torch.no_grad():
        bias = head.get_parameter("layers.4.bias")
        bias += shares.log()  # what the weights of the loss took away
    head.eval()
    return head


def fitted_temperature(logits: Float[Tensor, "N C"], labels: Int64[Tensor, " N"]) -> float:
    """Return what to divide logits by, so that the labels are likeliest."""

    def loss(temperature: float) -> float:
        return float(functional.cross_entropy(logits.double() / temperature, labels))

    best = minimize_scalar(loss, bounds=TEMPERATURES, method="bounded")
    return round(float(best.x), 4)


def logits_out_of_fold(
    embeddings: Float[Tensor, "N 384"],
    labels: Int64[Tensor, " N"],
    folds: Int64[Tensor, " N"],
    heads: Mapping[int, TextHead],
    recipe: Recipe,
) -> Float[Tensor, "N C"]:
    """Return of each text the logits of a head that was not trained on its fold.

    Args:
        embeddings: Of the texts.
        labels: Every class has to occur outside each fold.
        folds: Which one each text lies in.
        heads: Those that are trained already, by the fold they did not see.
        recipe: Of the others.
    """
    logits = torch.empty((len(labels), int(labels.max()) + 1))
    for fold in folds.unique().tolist():
        left = folds == fold
        head = heads.get(fold) or fitted_head(embeddings[~left], labels[~left], recipe)
        logits[left] = logits_of(head, embeddings[left])
    return logits


def logits_of(head: TextHead, embeddings: Float[Tensor, "N 384"]) -> Float[Tensor, "N C"]:
    """Return what a head says of embedded texts, before any temperature."""
    with torch.inference_mode():
        logits: Float[Tensor, "N C"] = head(embeddings)
    return logits


def train(data: Path, embedder: TextEmbedder, out: Path, recipe: Recipe) -> None:
    """Embed, train, calibrate, and write the weights with what is known of them.

    Args:
        data: GoEmotions' training file; the slice is split off here.
        embedder: MiniLM.
        out: Folder for the weights and their description.
        recipe: How.

    Raises:
        ConfigError: If the data cannot be read, or a class is missing on one side of the slice.
    """
    texts = read_texts(data)
    folds, chosen = torch.from_numpy(texts.folds()), texts.in_slice()
    _check_classes(texts, data)
    embeddings = torch.from_numpy(embedder.embed(texts.texts))
    labels = torch.from_numpy(texts.labels.copy())
    began_s = time.process_time()
    head = fitted_head(embeddings[~chosen], labels[~chosen], recipe)
    logits = logits_out_of_fold(embeddings, labels, folds, {0: head}, recipe)
    right = logits[chosen].argmax(1) == labels[chosen]
    counts = torch.bincount(labels[~chosen], minlength=len(VALENCES))
    write_weights(
        out,
        head,
        temperature=fitted_temperature(logits, labels),
        description={
            "prior": [round(float(share), 4) for share in counts / counts.sum()],
            "encoder": {
                "name": "minilm-l6",
                "made_from_sha256": embedder.digest,
                "pooling": "mean, not normalised",
            },
            "data": {"file": data.name, "sha256": sha256(data)},
            "trained_on": int(counts.sum()),
            "slice": {
                "n": int(chosen.sum()),
                "of": SLICE_OF,
                "accuracy": round(float(right.double().mean()), 4),
            },
            "calibrated_on": len(labels),
            "recipe": asdict(recipe),
            "cpu_s": round(time.process_time() - began_s),  # of the heads alone
            "tools": versions("torch", "transformers", "tokenizers"),
        },
    )


def _check_classes(texts: LabelledTexts, data: Path) -> None:
    folds = texts.folds()
    trained = [("training", folds != fold) for fold in np.unique(folds)]
    for name, side in (*trained, ("slice", texts.in_slice())):
        if len(np.unique(texts.labels[side])) != len(VALENCES):
            msg = f"{data}: {name}: expected texts of each valence, {', '.join(VALENCES)}"
            raise ConfigError(msg)


def add_encoder_options(parser: argparse.ArgumentParser) -> None:
    """Let a program be told where MiniLM is, and where its vectors are kept."""
    parser.add_argument(
        "--models", type=Path, required=True, help="the cache of `subface models pull minilm-l6`"
    )
    parser.add_argument("--cache", type=Path, required=True, help="folder for the vectors")


def open_embedder(options: argparse.Namespace) -> TextEmbedder:
    """Return the embedder that the options of ``add_encoder_options`` name."""
    models: Path = options.models
    return TextEmbedder(
        models / "minilm-l6-weights" / "model.safetensors",
        models / "minilm-l6-tokenizer" / "tokenizer.json",
        options.cache,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and calibrate the starter's text head.

    Returns:
        The exit code.
    """
    default = Recipe()
    parser = argparse.ArgumentParser(
        prog="training.starter.text_training", description=main.__doc__
    )
    parser.add_argument("texts", type=Path, help="GoEmotions' training file, .tsv")
    add_encoder_options(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights")
    parser.add_argument("--epochs", type=int, default=default.epochs)
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    recipe = Recipe(epochs=options.epochs, seed=options.seed)
    try:
        train(options.texts, open_embedder(options), options.out, recipe)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
