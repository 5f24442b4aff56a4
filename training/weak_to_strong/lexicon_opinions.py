"""What the lexicon of ``subface label`` says of texts, by the very class that labels clips."""

import asyncio
from collections.abc import Sequence

from training.labelling.lexicon import LexiconTeacher
from training.labelling.material import Line, Material
from training.labelling.sample import Sample
from training.pseudo_label.opinions import Opinions, opinions_in

LABELS = ("negative", "positive")


def lexicon_opinions(texts: Sequence[str]) -> Opinions:
    """Return what VADER says of texts, each by itself: negative, positive, or nothing."""
    return opinions_in(asyncio.run(_samples(texts)), LABELS)


async def _samples(texts: Sequence[str]) -> list[tuple[Sample, ...]]:
    teacher = LexiconTeacher(LABELS)
    return [await teacher.label(_said(text)) for text in texts]


def _said(text: str) -> Material:
    return Material(
        clip="",
        digest="",
        duration_s=0.0,
        pictures=(),
        lines=(Line(start_s=0.0, speaker="subject", text=text),),
        transcript="shown",
        face="shown",
    )
