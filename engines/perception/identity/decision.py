"""The decision who somebody is, from how like everybody known the face is.

Three answers: a person of the gallery, somebody new, not yet. The thresholds were chosen on other
clips than those that the error is told on (``benchmarks/identity.py``). A doubt makes a new person:
two ids for one person cost a piece of history, one id for two people mixes their readings.
"""

from collections.abc import Callable, Collection, Sequence
from enum import Enum, auto
from typing import Final

from engines.config import IdentityConfig
from engines.perception.identity.gallery import Likeness

FACES_TO_BE_SURE: Final = 3
"""One face may be blurred or half hidden; three that resemble nobody are somebody new, and three in
doubt are somebody known whose colours agree."""


class Verdict(Enum):
    """What is decided where it is no known person."""

    NEW = auto()
    WAIT = auto()


def decide(
    likenesses: Sequence[Likeness],
    *,
    taken: Collection[str],
    faces: int,
    waited: bool,
    alike: Callable[[str, str], bool],
    config: IdentityConfig,
) -> str | Verdict:
    """Say who somebody is, somebody new, or that it is too early to say.

    Args:
        likenesses: To everybody known, the likest first; empty where nobody is.
        taken: Who is in the picture already, and so somebody else.
        faces: How many faces of the one in question were looked at.
        waited: Whether the time to wait for more is over.
        alike: Whether two known people look like one and were never seen together.
        config: The thresholds.

    Returns:
        A ``person_id`` that is not taken, or a verdict.
    """
    if not faces:
        return Verdict.NEW if waited else Verdict.WAIT
    free = [likeness for likeness in likenesses if likeness.person_id not in taken]
    nobody = all(likeness.face > config.far for likeness in likenesses)
    if nobody and (not free or faces >= FACES_TO_BE_SURE):
        return Verdict.NEW
    in_doubt = waited or faces >= FACES_TO_BE_SURE
    if free and _is_likest(free, alike, config) and _is_like(free[0], config, in_doubt=in_doubt):
        return free[0].person_id
    return Verdict.NEW if waited else Verdict.WAIT


def _is_likest(
    free: Sequence[Likeness], alike: Callable[[str, str], bool], config: IdentityConfig
) -> bool:
    """Return whether nobody but the best is about as like, save one who may be the same."""
    best, *others = free
    return all(
        other.face - best.face >= config.margin or alike(best.person_id, other.person_id)
        for other in others
    )


def _is_like(best: Likeness, config: IdentityConfig, *, in_doubt: bool) -> bool:
    if best.face <= config.near:
        return True
    # a doubt that faces alone cannot settle: then clothes and light may, where they are known
    colours_agree = best.colours is None or best.colours <= config.colours
    return in_doubt and best.face <= config.far and colours_agree
