"""Label spaces: the classes that networks and readings speak of, in one fixed order.

Source: FER-2013 (Goodfellow et al., ICML 2013 challenge), whose class order is kept. A network
with another order is mapped to this one where it is opened, and nowhere else.
"""

from typing import Final, Literal, get_args

Expression = Literal["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]

EXPRESSIONS: Final[tuple[Expression, ...]] = get_args(Expression)

POSITIVE: Final[tuple[Expression, ...]] = ("happy",)
NEGATIVE: Final[tuple[Expression, ...]] = ("angry", "disgust", "fear", "sad")

Valence = Literal["negative", "neutral", "positive"]

VALENCES: Final[tuple[Valence, ...]] = get_args(Valence)

EXPRESSION_VALENCES: Final[tuple[Valence, ...]] = tuple(
    "positive" if name in POSITIVE else "negative" if name in NEGATIVE else "neutral"
    for name in EXPRESSIONS
)
"""What each expression shows; a surprise may be either, and counts as neutral."""
