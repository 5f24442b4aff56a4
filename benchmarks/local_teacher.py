"""How often a language model on this machine is right of comments, as `subface label` asks it.

    .venv/bin/python benchmarks/local_teacher.py --cache runs/local_teacher

The first so many negative and as many positive comments of GoEmotions' dev file, one conversation
each: cues, reasons and a label, then reflection. A comment is shown as what somebody says in a film
of five seconds of which no frames are shown. Told are the label before reflection and the one after
it, with balanced accuracy among those that have one and its 95 % interval over comments. An answer
that is longer than `--max-output-tokens` is cut, and a cut one is malformed. With the same cache a
second time takes seconds.
"""

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64
from numpy import ndarray
from tqdm import tqdm  # type: ignore[import-untyped]

from engines.models.store import ModelStore
from training.evaluation.bootstrap import INTERVAL, resample_subjects
from training.evaluation.metrics import balanced_accuracy
from training.labelling.account import Account
from training.labelling.cache import AnswerCache
from training.labelling.caller import Caller, Manners
from training.labelling.conversation import Asking, ConversingTeacher
from training.labelling.local_model.files import find_model
from training.labelling.local_model.machine import Machine
from training.labelling.local_model.model import LocalModel
from training.labelling.material import Line, Material
from training.labelling.prompts import Prompts
from training.labelling.run import LEDGER
from training.labelling.sample import Sample
from training.starter.texts import read_texts

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "goemotions"
LABELS = ("negative", "positive")
OF_READER = {0: 0, 2: 1}  # negative, neutral, positive
FILM_S = 5.0


def main() -> None:
    """Ask, count, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--texts", type=Path, default=DATA / "group_dev.tsv")
    parser.add_argument("--of-each", type=int, default=10, help="comments of each class")
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--max-output-tokens", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    texts = read_texts(options.texts)
    comments: list[tuple[int, str]] = []
    for own, label in OF_READER.items():
        pairs = zip(texts.texts, texts.labels, strict=True)
        found = [text for text, valence in pairs if valence == own]
        comments += [(label, text) for text in found[: options.of_each]]
    samples = asyncio.run(ask([text for _, text in comments], options))
    truth = np.array([label for label, _ in comments])
    told = {
        "comments": len(comments),
        "outcomes": dict(Counter(sample.outcome for sample in samples)),
        "calls": sum(sample.calls for sample in samples),
        "repairs": sum(sample.repairs for sample in samples),
        "before reflection": score(truth, [sample.first_label for sample in samples]),
        "after it": score(truth, [sample.label for sample in samples]),
    }
    print(json.dumps(told, indent=1))


async def ask(texts: Sequence[str], options: argparse.Namespace) -> list[Sample]:
    """Return what the model makes of texts, in their order."""
    files = find_model(options.model, ModelStore())
    model = LocalModel(files, Machine(threads=options.threads), timeout_s=300)
    asking = Asking(
        labels=LABELS,
        samples=1,
        temperature=options.temperature,
        max_output_tokens=options.max_output_tokens,
    )
    options.cache.mkdir(parents=True, exist_ok=True)
    try:
        with Account(options.cache / LEDGER, limit_usd=None, limit_calls=None) as account:
            caller = Caller(
                model,
                cache=AnswerCache(options.cache),
                account=account,
                price=None,
                manners=Manners(concurrency=1),
                hide=str,
            )
            teacher = ConversingTeacher(caller, Prompts(), asking)
            shown = tqdm(texts, desc="asking", unit="comment", disable=None)
            return [(await teacher.label(material(text)))[0] for text in shown]
    finally:
        await model.close()


def material(text: str) -> Material:
    """Return a comment as a clip of which nothing is seen."""
    return Material(
        clip=text,
        digest="",
        duration_s=FILM_S,
        pictures=(),
        lines=(Line(start_s=0.0, speaker="subject", text=text),),
        transcript="shown",
        face="shown",
    )


def score(truth: Int64[ndarray, " N"], labels: Sequence[str | None]) -> dict[str, Any]:
    """Return balanced accuracy among those that have a label, and its interval."""
    has = np.array([label is not None for label in labels])
    right = truth[has]
    if len(np.unique(right)) < len(LABELS):
        return {"labels": len(right)}
    said = np.array([LABELS.index(label) for label in labels if label is not None])
    everybody = resample_subjects([str(number) for number in range(len(right))], right)
    once = np.ones((1, len(right)))
    value, drawn = (
        balanced_accuracy(np.eye(len(LABELS))[said], right, weights)
        for weights in (once, everybody.weights)
    )
    return {
        "labels": len(right),
        "of which positive": int(said.sum()),
        "balanced accuracy": round(float(value[0]), 3),
        "95 %": np.percentile(drawn, INTERVAL).round(3).tolist(),
    }


if __name__ == "__main__":
    main()
