"""What the text head is worth on labelled texts: AUC, accuracy and calibration, with intervals.

    python -m training.starter.text_scores ../shared/data/goemotions/group_dev.tsv \
        --models ~/.cache/subface/models --cache runs/texts --json scores.json

It scores the shipped weights, in f32, as they are: on the texts as they were written, and on their
lower-case letters alone, as a recogniser of speech might write them. The intervals are as those of
``score``: of the texts, and of nothing else.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Float32
from numpy import ndarray

from engines.build.text_head_export import load_head
from engines.errors import SubfaceError
from engines.models.starter_network import STARTER
from engines.networks.text_head import VALENCES, TextHead
from training.evaluation.figures import draw_reliability
from training.starter.score import Labels, Probabilities, Score, scored, valence_scores
from training.starter.text_training import add_encoder_options, logits_of, open_embedder
from training.starter.texts import LabelledTexts, read_texts

FIGURE: Final = "starter-texts-reliability.png"
NEGATIVE, NEUTRAL, POSITIVE = range(len(VALENCES))
SURE: Final = 0.8


def sure_of_either(probabilities: Probabilities, labels: Labels) -> float:  # noqa: ARG001 (a Metric)
    """Return the share of texts that are taken for negative or for positive beyond .8."""
    return float((probabilities[:, [NEGATIVE, POSITIVE]].max(1) > SURE).mean())


def text_scores(probabilities: Probabilities, labels: Labels) -> dict[str, Score]:
    """Return ``accuracy``, ``auc``, ``ece`` and ``neutral_sure`` of labelled probabilities."""
    neutral = labels == NEUTRAL
    sure = scored(sure_of_either, probabilities[neutral], labels[neutral])
    return valence_scores(probabilities, labels) | {"neutral_sure": sure}


def read_probabilities(
    head: TextHead, temperature: float, embeddings: Float32[ndarray, "N 384"]
) -> Probabilities:
    """Return what a head says of embedded texts."""
    logits = logits_of(head, torch.from_numpy(embeddings))
    probabilities: Probabilities = (logits.double() / temperature).softmax(1).numpy()
    return probabilities


def main(arguments: Sequence[str] | None = None) -> int:
    """Score the starter's text head on labelled texts.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    try:
        texts = read_texts(options.texts)
        if options.without is not None:
            texts = texts.where(~texts.among(read_texts(options.without)))
        scores = _scores(texts, options)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    text = json.dumps({"texts": scores}, indent=2)
    if options.json is None:
        sys.stdout.write(f"{text}\n")
    else:
        options.json.write_text(f"{text}\n", encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="training.starter.text_scores", description=main.__doc__)
    parser.add_argument("texts", type=Path, help="text TAB label ids TAB comment id, .tsv")
    parser.add_argument("--without", type=Path, help="leave out what is also in this file")
    parser.add_argument("--weights", type=Path, default=STARTER.parent, help="folder")
    add_encoder_options(parser)
    parser.add_argument("--json", type=Path, help="where the scores go; otherwise they are shown")
    parser.add_argument("--figures", type=Path, help="folder for a picture, .png")
    return parser


def _scores(texts: LabelledTexts, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    head, temperature = load_head(options.weights)
    embedder = open_embedder(options)
    scores: dict[str, dict[str, float]] = {}
    for prefix, some in (("", texts), ("stripped_", texts.stripped())):
        found = read_probabilities(head, temperature, embedder.embed(some.texts))
        named = text_scores(found, some.labels)
        scores |= {f"{prefix}{name}": asdict(score) for name, score in named.items()}
        if options.figures is not None and not prefix:
            path = options.figures / FIGURE
            draw_reliability(found, some.labels, path, network="Text head", things="texts")
    return scores


if __name__ == "__main__":
    sys.exit(main())
