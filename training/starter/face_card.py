"""The card of the face encoder, its figures out of the files that the programs wrote.

    python -m training.starter.face_card --scores scores.json --peer peer.json

``scores.json`` is of ``face_scores``, ``peer.json`` of ``benchmarks/face_encoder.py``. No figure is
typed by hand; what they do not mean is, in ``face_card.template.md``.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any, Final

from engines.build.face_encoder_export import DESCRIPTION
from engines.models.starter_network import STARTER

TEMPLATE: Final = Path(__file__).with_name("face_card.template.md")


def card(
    says: Mapping[str, Any],
    scores: Mapping[str, Mapping[str, float]],
    peer: Mapping[str, float],
    history: str = "",
) -> str:
    """Return the card, in Markdown.

    Args:
        says: What lies beside the weights.
        scores: Of ``face_scores``, by name.
        peer: Of the benchmark against fer's network.
        history: What happened to this run that the command does not say.
    """
    rows = {
        name: f"{s['value']:.4f} | {s['n']} | {s['low']:.4f} to {s['high']:.4f}"
        for name, s in scores.items()
    }
    recipe = dict(says["recipe"])
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        rows,
        sha256=says["sha256"],
        n=scores["accuracy"]["n"],
        peer_accuracy=f"{peer['peer_accuracy']:.4f}",
        points=f"{peer['points']:+.2f}",
        points_low=f"{peer['low']:+.2f}",
        points_high=f"{peer['high']:+.2f}",
        ms=f"{peer['ms']:.1f}",
        peer_ms=f"{peer['peer_ms']:.1f}",
        unique=f"{says['trained_on'] + says['slice']['n']:,}",
        chosen=f"{says['slice']['n']:,}",
        trained_on=f"{says['trained_on']:,}",
        slice_accuracy=says["slice"]["accuracy"],
        label_smoothing=recipe.pop("smoothing"),
        **recipe,
        smoothing=says["smoothing"],
        temperature=says["temperature"],
        data_file=says["data"]["file"],
        data_sha256=says["data"]["sha256"],
        cpu_minutes=round(says["cpu_s"] / 60),
        torch=says["tools"]["torch"],
        lightning=says["tools"]["lightning"],
        history=history,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the card of the face encoder beside its weights.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="training.starter.face_card", description=main.__doc__)
    parser.add_argument("--weights", type=Path, default=STARTER.parent, help="folder")
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--peer", type=Path, required=True)
    parser.add_argument("--history", default="", help="what the command does not say of this run")
    options = parser.parse_args(arguments)
    says, scores, peer = (
        json.loads(path.read_text(encoding="utf-8"))
        for path in (options.weights / DESCRIPTION, options.scores, options.peer)
    )
    text = card(says, scores["faces"], peer, options.history)
    (options.weights / "FACES.md").write_text(text.rstrip() + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
