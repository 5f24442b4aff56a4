"""The card of the starter network: its bags scored by the graphs that ship, and written down.

    .venv/bin/python -m training.starter.network_card ../shared/data

The folder is that of the shared data: FER-2013's and GoEmotions' training files, of which the
slices are taken, and their test files. No figure is typed by hand; what they do not mean is, in
``network_card.template.md``.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any, Final

from engines.errors import SubfaceError
from engines.models.starter_network import STARTER
from engines.models.store import ModelStore
from engines.sequence.checkpoint import NetworkDescription, read_checkpoint
from engines.sequence.interview import InterviewEngines
from training.starter.bag_scores import BAGS, Examples, bag_scores
from training.starter.bags import SEVERAL, TOLD, Kind
from training.starter.faces import LabelledFaces, read_faces
from training.starter.score import Score
from training.starter.shipped_graphs import embed_texts, open_graph, read_faces_of
from training.starter.texts import LabelledTexts, read_texts

TEMPLATE: Final = Path(__file__).with_name("network_card.template.md")
CARD: Final = "CARD.md"
SCORES: Final = "scores.json"
FACES: Final = ("fer2013_train.npz", "fer2013_public_test.npz")
TEXTS: Final = ("goemotions/group_train.tsv", "goemotions/group_dev.tsv")
SAID: Final[Mapping[Kind, str]] = {
    "face": "one face",
    "faces": f"{SEVERAL} faces, one a distractor",
    "text": "a text",
    "agree": "face and text that agree",
    "disagree": "face against text",
}
RULE: Final = "starter-rule.json"
FIGURES: Final = {
    "accuracy": "accuracy",
    "auc": "AUC",
    "ece": "ECE",
    "answered": "answered",
    "right_where_answered": "right where answered",
}
CONFLICTS: Final = {
    "lean": "lean",
    "middle": "middle",
    "confidence": "mean confidence",
    "answered": "answered",
}

BagScores = Mapping[Kind, Mapping[str, Score]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Faces and texts that bags are drawn from.

    Attributes:
        faces: With their expressions.
        texts: With their valences.
    """

    faces: LabelledFaces
    texts: LabelledTexts


def read_slices(data: Path) -> Labelled:
    """Return what was kept from training; raises ConfigError if the data cannot be read."""
    _, faces = read_faces(data / FACES[0]).consistent().split()
    texts = read_texts(data / TEXTS[0])
    return Labelled(faces=faces, texts=texts.where(texts.in_slice()))


def read_tests(data: Path) -> Labelled:
    """Return the test files, without copies of training examples; raises as ``read_slices``."""
    trained, tested = (read_faces(data / name) for name in FACES)
    read, told = (read_texts(data / name) for name in TEXTS)
    return Labelled(faces=tested.without(trained), texts=told.where(~told.among(read)))


def scores_of(
    labelled: Labelled, engines: InterviewEngines, store: ModelStore, *, count: int = BAGS
) -> BagScores:
    """Return the figures of bags of labelled examples."""
    examples = Examples(
        faces=read_faces_of(labelled.faces.images, store).embeddings,
        face_valences=labelled.faces.valences(),
        texts=embed_texts(labelled.texts.texts, store),
        text_valences=labelled.texts.labels,
    )
    return bag_scores(engines, examples, count=count)


def card(
    description: NetworkDescription,
    rule: Mapping[str, Any],
    slices: BagScores,
    tests: BagScores,
) -> str:
    """Return the card, in Markdown.

    Args:
        description: Of the network.
        rule: ``starter-rule.json``.
        slices: Figures of the examples that the rule was chosen on.
        tests: Figures of those that nothing was chosen on.
    """
    ((domain, calibration),) = description.calibrations.items()
    faces, words = rule["image"], rule["text"]
    right = tests["text"]["right_where_answered"].value
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        band_s=f"{description.shape.band_s:g}",
        image_floor=faces["floor"],
        image_prior=_shares(faces["prior"]),
        image_stale_s=f"{faces['stale_s']:g}",
        text_floor=words["floor"],
        text_prior=_shares(words["prior"]),
        text_stale_s=f"{words['stale_s']:g}",
        domain=domain,
        **calibration.model_dump(),
        several=SEVERAL,
        bags=tests["face"]["accuracy"].n,
        text_wrong="-" if right is None else f"{1 - right:.0%}",
        tests=_table({SAID[kind]: tests[kind] for kind in TOLD}, FIGURES),
        slices=_table({SAID[kind]: slices[kind] for kind in TOLD}, FIGURES),
        conflicts=_table(
            {"test files": tests["disagree"], "slices": slices["disagree"]}, CONFLICTS
        ),
    )


def _table(rows: Mapping[str, Mapping[str, Score]], figures: Mapping[str, str]) -> str:
    lines = [f"| | {' | '.join(figures.values())} |", f"|{'---|' * (len(figures) + 1)}"]
    for name, scores in rows.items():
        cells = (name, *(_cell(scores[figure]) for figure in figures))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(score: Score) -> str:
    if score.value is None or score.low is None or score.high is None:
        return "-"
    return f"{score.value:.3f} ({score.low:.3f} to {score.high:.3f})"


def _shares(shares: Sequence[float]) -> str:
    return ", ".join(f"{share:.4f}" for share in shares)


def main(arguments: Sequence[str] | None = None) -> int:
    """Score the starter network on bags, and write its card beside it.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="training.starter.network_card", description=main.__doc__)
    parser.add_argument("data", type=Path, help="folder of the shared data")
    parser.add_argument("--bags", type=int, default=BAGS, help="of each kind")
    parser.add_argument("--network", type=Path, default=STARTER, help="the checkpoint's folder")
    options = parser.parse_args(arguments)
    try:
        checkpoint, store = read_checkpoint(options.network), ModelStore()
        rule = json.loads((options.network.parent / RULE).read_text(encoding="utf-8"))
        masked = checkpoint.description.untrained({})
        with InterviewEngines(checkpoint, open_graph, masked=masked) as engines:
            slices, tests = (
                scores_of(read(options.data), engines, store, count=options.bags)
                for read in (read_slices, read_tests)
            )
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    text = card(checkpoint.description, rule, slices, tests)
    (options.network / CARD).write_text(text.rstrip() + "\n", encoding="utf-8")
    plain = {
        name: {
            kind: {key: asdict(score) for key, score in own.items()} for kind, own in some.items()
        }
        for name, some in (("tests", tests), ("slices", slices))
    }
    (options.network / SCORES).write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
