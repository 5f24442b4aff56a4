"""What all who judge the same examples come to: each weighed by what it is worth on gold.

One teacher's answers are taken as they are. Several are joined by Bayes' rule, as if they erred
each by itself; they do not, so what they come to is spelled in letters of its own, whose noise is
measured on gold anew. Of a gold example nobody is asked who learned from it: a teacher's noise,
where its vote on a gold example is weighed, is counted without the fold of that example.

From round 2 on there is a student of the round before. What it says of an example, and how well
each class explains the teachers' answer to it, make the probability of each class, which the next
student is told: expectation and maximisation by turns (Dawid and Skene, 1979; Raykar et al., JMLR
2010).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from training.pseudo_label.answers import Alphabet, Answers
from training.pseudo_label.noise import Noise, class_prior, likelihoods, measured_noise, posterior
from training.pseudo_label.opinions import Opinions
from training.pseudo_label.settings import Settings
from training.pseudo_label.task import Gold, Task, Teaching

Read = Float64[ndarray, "N C"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One teacher's answers."""

    gold: Answers
    pool: Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What is to be learned of the pool.

    Attributes:
        answers: Of everyone together, on the pool.
        noise: Of these answers, counted on gold.
        probabilities: Of the classes of the pool.
    """

    answers: Answers
    noise: Noise
    probabilities: Read


def voices(task: Task, settings: Settings) -> tuple[Voice, ...]:
    """Return the teachers' answers."""
    return tuple(_voice(own, settings) for own in task.teachers)


def hear(
    task: Task,
    spoken: Sequence[Voice],
    settings: Settings,
    *,
    learned: Bool[ndarray, " G"],
    before: Read | None,
) -> Heard:
    """Return what all together say of the pool.

    Args:
        task: What is to be learned.
        spoken: The teachers' answers.
        settings: How they are spelled.
        learned: Which gold may be looked at.
        before: What the student of the round before says of the pool; None in the first.
    """
    labels, classes = task.gold.labels[learned], task.classes
    prior = class_prior(labels, classes=classes)
    answers, noise = _together(task, spoken, settings, learned, prior)
    votes = likelihoods(answers, noise)
    if before is None:
        return Heard(answers=answers, noise=noise, probabilities=posterior(prior, votes))
    found = posterior(prior, votes, before)
    # these are classes and not answers any more, so there is nothing left to be undone
    return Heard(answers=found, noise=np.eye(classes), probabilities=found)


def _together(
    task: Task,
    spoken: Sequence[Voice],
    settings: Settings,
    learned: Bool[ndarray, " G"],
    prior: Float64[ndarray, " C"],
) -> tuple[Answers, Noise]:
    """Return the teachers' answers on the pool as those of one, and their noise."""
    labels, classes = task.gold.labels[learned], task.classes
    worth = [measured_noise(own.gold[learned], labels, classes=classes) for own in spoken]
    if len(spoken) == 1:
        return spoken[0].pool, worth[0]
    votes = [likelihoods(own.pool, noise) for own, noise in zip(spoken, worth, strict=True)]
    held = [_held_votes(own.gold, task.gold, learned, classes) for own in spoken]
    pool, gold = Opinions(posterior(prior, *votes)), Opinions(posterior(prior, *held))
    alphabet = Alphabet.of(pool, grades=settings.grades)
    return alphabet.spell(pool), measured_noise(alphabet.spell(gold), labels, classes=classes)


def _voice(teaching: Teaching, settings: Settings) -> Voice:
    alphabet = Alphabet.of(teaching.pool, grades=settings.grades)
    gold = alphabet.spell(teaching.gold)
    if teaching.asked is not None:
        gold = gold * teaching.asked[:, None]  # no answer is neither an answer nor silence
    return Voice(gold=gold, pool=alphabet.spell(teaching.pool))


def _held_votes(
    answers: Answers, gold: Gold, learned: Bool[ndarray, " G"], classes: int
) -> Float64[ndarray, "L C"]:
    """Return a teacher's votes on the gold that may be looked at, fold by fold."""
    votes: Float64[ndarray, "G C"] = np.empty((len(gold), classes))
    for fold in np.unique(gold.folds[learned]).tolist():
        own = learned & (gold.folds == fold)
        others = learned & ~own
        noise = measured_noise(answers[others], gold.labels[others], classes=classes)
        votes[own] = likelihoods(answers[own], noise)
    kept: Float64[ndarray, "L C"] = votes[learned]
    return kept
