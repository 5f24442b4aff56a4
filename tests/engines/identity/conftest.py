import numpy as np
import pytest

from engines.perception.identity.descriptor import Descriptor

WIDTH = 8


def colours(shade):
    found = np.zeros((2, 256), np.float32)
    found[:, shade] = 1
    return found


@pytest.fixture(scope="session")
def look():
    """A face by where it lies: ``look("a")``, ``look("a", off=.55)``; whom it shows is a letter.

    Two letters are a distance of 1 apart; ``off`` moves a face away from its letter, square to all
    letters, so two faces of one letter are as far apart as their offs.
    """

    def describe(letter, *, off=0.0, shade=0):
        face = np.zeros(WIDTH, np.float32)
        face["abcdef".index(letter)] = np.sqrt(0.5)
        face[-1] = off
        return Descriptor(face, None if shade is None else colours(shade))

    return describe
