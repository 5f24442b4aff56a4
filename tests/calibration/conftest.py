import pytest

from engines.sequence.checkpoint import NetworkDescription
from engines.sequence.shape import NetworkShape


@pytest.fixture
def network():
    """Return the description of a network of three classes, with whatever is asked for."""

    def make(**changed):
        content = {
            "name": "of-three",
            "labels": ("negative", "neutral", "positive"),
            "taught": "expressed_valence",
            "trained_on": "nothing",
            "shape": NetworkShape(classes=3),
            "fed": {},
            "prior": (0.2, 0.5, 0.3),
            "files": {},
        }
        return NetworkDescription(**content | changed)

    return make
