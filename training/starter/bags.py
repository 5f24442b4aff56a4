"""Bags of faces, texts, and pairs of both: what the starter's rule is chosen and scored on.

The two data sets know nothing of each other, so what they say together is made up: a bag holds
faces of one valence, with a distractor where there are several, a text, or both; a pair agrees or
is of opposite valence. The faces of a bag are different people, whose errors are independent. Those
of one person over three seconds are not: a bag of several is easier than life, one face is nearer.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from engines.spec.labels import VALENCES

Kind = Literal["face", "faces", "text", "agree", "disagree"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
TOLD: Final[tuple[Kind, ...]] = ("face", "faces", "text", "agree")
"""Kinds in which it is known what is right."""
SEVERAL: Final = 4
"""Faces in a bag of several: the last is a distractor, of another valence."""
NEGATIVE, POSITIVE = VALENCES.index("negative"), VALENCES.index("positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bag:
    """What there is to see and to hear at one time.

    Attributes:
        faces: Their rows among the faces; empty if none is seen.
        text: Its row among the texts; None if nothing is said.
        valence: The right class; of those who contradict their words, that of the face.
    """

    faces: tuple[int, ...]
    text: int | None
    valence: int


def draw_bags(
    kind: Kind,
    count: int,
    *,
    faces: Int64[ndarray, " N"],
    texts: Int64[ndarray, " M"],
    random: np.random.Generator,
) -> list[Bag]:
    """Draw bags in which each valence, or in contradictions each of the two, is equally frequent.

    Args:
        kind: What they hold; in pairs one face and several take turns.
        count: How many.
        faces: The valence of each face that there is.
        texts: The valence of each text.
        random: Where chance comes from.

    Raises:
        ValueError: If there is a valence without a face or a text.
    """
    valences = (NEGATIVE, POSITIVE) if kind == "disagree" else range(len(VALENCES))
    for name, labels in (("face", faces), ("text", texts)):
        if len(np.unique(labels)) != len(VALENCES):
            msg = f"expected a {name} of each valence, {', '.join(VALENCES)}"
            raise ValueError(msg)
    bags = []
    for number in range(count):
        valence = valences[number % len(valences)]
        several = kind == "faces" or (kind != "face" and number // len(valences) % 2 == 1)
        said = NEGATIVE + POSITIVE - valence if kind == "disagree" else valence
        bags.append(
            Bag(
                faces=() if kind == "text" else _faces(faces, valence, random, several=several),
                text=None if kind in {"face", "faces"} else _one(texts == said, random),
                valence=valence,
            )
        )
    return bags


def _faces(
    faces: Int64[ndarray, " N"], valence: int, random: np.random.Generator, *, several: bool
) -> tuple[int, ...]:
    if not several:
        return (_one(faces == valence, random),)
    shown = [_one(faces == valence, random) for _ in range(SEVERAL - 1)]
    return (*shown, _one(faces != valence, random))


def _one(among: Int64[ndarray, " N"], random: np.random.Generator) -> int:
    return int(random.choice(np.flatnonzero(among)))
