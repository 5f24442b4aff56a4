"""Judgements of networks that know valences: negative, neutral, positive."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from engines.errors import ConfigError
from engines.spec.labels import VALENCES
from training.labelling.sample import Sample


def check_valences(labels: Sequence[str], *, who: str) -> None:
    """Refuse classes that are no valences.

    Raises:
        ConfigError: If negative or positive is missing, or another class is there.
    """
    if not {"negative", "positive"} <= set(labels) <= set(VALENCES):
        msg = f"--labels: {who} knows {', '.join(VALENCES)}; got {', '.join(labels)}"
        raise ConfigError(msg)


def judged(
    probabilities: Float[ndarray, " 3"], labels: Sequence[str], *, reasoning: str, model: str
) -> Sample:
    """Return the likeliest of the classes, with its probability among them.

    Args:
        probabilities: In the order of ``VALENCES``.
        labels: The classes; what is not among them does not count.
        reasoning: What it rests upon.
        model: Which network it was.
    """
    own = np.array([probabilities[VALENCES.index(name)] for name in VALENCES if name in labels])
    names = [name for name in VALENCES if name in labels]
    best = int(own.argmax())
    return Sample(
        number=0,
        outcome="labelled",
        label=names[best],
        confidence=float(own[best] / own.sum()),
        reasoning=reasoning,
        model_version=model,
        cost_usd=0.0,
        answered_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
