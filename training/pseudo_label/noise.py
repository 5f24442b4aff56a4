"""A teacher's noise: how often it gives which answer to examples of which class.

Counted on gold that whoever answered had not learned from (``rounds`` sees to that). It begins at
the answers' shares among all gold, whatever the class, which is a teacher that knows nothing; what
gold there is has to say otherwise.
"""

from typing import Final

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from training.pseudo_label.answers import Answers

BEGINNING: Final = 2.0
"""Gold examples of each class that the beginning counts as."""
FEWEST: Final = 0.5
"""Letters that nobody used on gold count as used so often: nothing is impossible."""

Noise = Float64[ndarray, "C J"]
"""The probability of each answer, by class; each row adds up to 1."""


def measured_noise(answers: Answers, labels: Int64[ndarray, " N"], *, classes: int) -> Noise:
    """Return the noise of answers on gold.

    Args:
        answers: Of the gold examples.
        labels: Their classes.
        classes: How many there are.
    """
    of_class = np.eye(classes)[labels]
    shares = answers.sum(axis=0) + FEWEST
    counts = of_class.T @ answers + BEGINNING * shares / shares.sum()
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def likelihoods(answers: Answers, noise: Noise) -> Float64[ndarray, "N C"]:
    """Return how well each class explains the answers; of a spread answer, in the mean of logs."""
    return np.asarray(np.exp(answers @ np.log(noise).T))


def posterior(
    prior: Float64[ndarray, "*N C"], *evidence: Float64[ndarray, "N C"]
) -> Float64[ndarray, "N C"]:
    """Return the probability of each class, by Bayes' rule.

    Args:
        prior: Of the classes, the same for all examples or one for each.
        evidence: By how much each class explains what was said, from several who judge by
            themselves.
    """
    found = np.log(np.broadcast_to(prior, evidence[0].shape))
    for own in evidence:
        found = found + np.log(np.maximum(own, np.finfo(np.float64).tiny))
    found = np.exp(found - found.max(axis=1, keepdims=True))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def class_prior(labels: Int64[ndarray, " N"], *, classes: int) -> Float64[ndarray, " C"]:
    """Return the share of each class among gold; one that is not there counts as one example."""
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)
    return np.asarray(counts / counts.sum())
