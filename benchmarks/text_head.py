"""How sure of neutral texts the starter's text head is, against a head that knows no neutral.

    PYTHONPATH=. .venv-build/bin/python benchmarks/text_head.py --cache runs/texts

Both heads are trained in the same way on GoEmotions, the second on its negative and positive texts
only; the first has its temperature as it ships, the second one fitted on the slice. Counted are
neutral texts of GoEmotions' dev file that a head takes for negative or positive beyond .8: most of
an interview is such texts.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from engines.build.text_head_export import load_head
from engines.models.starter_network import STARTER
from training.starter.score import scored
from training.starter.text_scores import NEUTRAL, SURE, read_probabilities, sure_of_either
from training.starter.text_training import (
    Recipe,
    fitted_head,
    fitted_temperature,
    logits_of,
    open_embedder,
)
from training.starter.texts import read_texts

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "goemotions"


def main() -> None:
    """Train the head with two classes, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=Path, default=DATA / "group_train.tsv")
    parser.add_argument("--texts", type=Path, default=DATA / "group_dev.tsv")
    parser.add_argument("--weights", type=Path, default=STARTER.parent)
    parser.add_argument("--models", type=Path, default=Path.home() / ".cache/subface/models")
    parser.add_argument("--cache", type=Path, required=True, help="folder for the vectors")
    parser.add_argument("--json", type=Path, help="where the comparison goes, for the card")
    options = parser.parse_args()
    torch.set_num_threads(1)
    embedder = open_embedder(options)
    train, texts = read_texts(options.train), read_texts(options.texts)
    embeddings = torch.from_numpy(embedder.embed(train.texts))
    told = train.labels != NEUTRAL
    chosen = torch.from_numpy(train.in_slice()[told])
    vectors, labels = embeddings[told], torch.from_numpy(train.labels[told] // 2)
    two = fitted_head(vectors[~chosen], labels[~chosen], Recipe())
    temperature = fitted_temperature(logits_of(two, vectors[chosen]), labels[chosen])

    found = embedder.embed(texts.texts)
    neutral = texts.labels == NEUTRAL
    of_three = read_probabilities(*load_head(options.weights), found)[neutral]
    of_two = read_probabilities(two, temperature, found)[neutral]
    of_two = np.insert(of_two, NEUTRAL, 0.0, axis=1)
    shares = {
        name: scored(sure_of_either, probabilities, texts.labels[neutral])
        for name, probabilities in (("three classes", of_three), ("two classes", of_two))
    }
    for name, share in shares.items():
        print(
            f"{name}: {share.value:.1%} of {share.n} neutral texts beyond {SURE}, "
            f"95 % {share.low:.1%} to {share.high:.1%}"
        )
    if options.json is not None:
        found_json = {
            "n": shares["two classes"].n,
            "two_classes": shares["two classes"].value,
            "low": shares["two classes"].low,
            "high": shares["two classes"].high,
        }
        options.json.write_text(json.dumps(found_json, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
