"""The card of the text head, its figures out of the files that the programs wrote.

    python -m training.starter.text_card --scores scores.json --fresh fresh.json --peer peer.json

``scores.json`` and ``fresh.json`` are of ``text_scores``, the second without what the training file
has too; ``peer.json`` is of ``benchmarks/text_head.py``. No figure is typed by hand; what they do
not mean is, in ``text_card.template.md``.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any, Final

from engines.build.text_head_export import DESCRIPTION
from engines.models.starter_network import STARTER

TEMPLATE: Final = Path(__file__).with_name("text_card.template.md")
CARD: Final = "TEXTS.md"
SCORES: Final = "text-head.scores.json"


def card(
    says: Mapping[str, Any],
    scores: Mapping[str, Mapping[str, float]],
    fresh: Mapping[str, Mapping[str, float]],
    peer: Mapping[str, float],
    history: str = "",
) -> str:
    """Return the card, in Markdown.

    Args:
        says: What lies beside the weights.
        scores: Of ``text_scores``, by name.
        fresh: The same without copies of training texts.
        peer: Of the benchmark against a head of two classes.
        history: What is to be said of this run that the command does not say.
    """
    recipe = dict(says["recipe"])
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        {name: row(score) for name, score in scores.items()}
        | {f"fresh_{name}": row(score) for name, score in fresh.items()},
        sha256=says["sha256"],
        copies=scores["accuracy"]["n"] - fresh["accuracy"]["n"],
        two_classes=row({"value": peer["two_classes"], **peer}),
        n=f"{says['trained_on'] + says['slice']['n']:,}",
        chosen=f"{says['slice']['n']:,}",
        trained_on=f"{says['trained_on']:,}",
        calibrated_on=f"{says['calibrated_on']:,}",
        slice_accuracy=says["slice"]["accuracy"],
        **recipe,
        prior=", ".join(map(str, says["prior"])),
        temperature=says["temperature"],
        data_file=says["data"]["file"],
        data_sha256=says["data"]["sha256"],
        encoder_sha256=says["encoder"]["made_from_sha256"],
        training_s=says["cpu_s"],
        torch=says["tools"]["torch"],
        history=history,
    )


def row(score: Mapping[str, float]) -> str:
    """Return a figure with its count and interval, as cells of a table."""
    return f"{score['value']:.4f} | {score['n']} | {score['low']:.4f} to {score['high']:.4f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the card of the text head, and the scores that it names, beside the weights.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="training.starter.text_card", description=main.__doc__)
    parser.add_argument("--weights", type=Path, default=STARTER.parent, help="folder")
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--fresh", type=Path, required=True)
    parser.add_argument("--peer", type=Path, required=True)
    parser.add_argument("--history", default="", help="what the command does not say of this run")
    options = parser.parse_args(arguments)
    says, scores, fresh, peer = (
        json.loads(path.read_text(encoding="utf-8"))
        for path in (options.weights / DESCRIPTION, options.scores, options.fresh, options.peer)
    )
    text = card(says, scores["texts"], fresh["texts"], peer, options.history)
    (options.weights / CARD).write_text(text.rstrip() + "\n", encoding="utf-8")
    kept = json.dumps(scores, indent=2) + "\n"
    (options.weights / SCORES).write_text(kept, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
