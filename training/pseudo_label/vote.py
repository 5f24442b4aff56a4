"""What all who judge the same examples come to: each weighed by what it is worth on gold.

One teacher's answers are taken as they are. With several, or with the student of the round before
among them, Bayes' rule joins them, as if they erred each by itself; they do not, so what they come
to is spelled in letters of its own, whose noise is measured on gold anew.

Of a gold example nobody is asked who learned from it: a teacher's noise, where its vote on a gold
example is weighed, is counted without the fold of that example.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the student of the round before says.

    Attributes:
        held: Of each gold example, by a student that did not learn from it.
        pool: Of the pool, by the student that learned from the same gold as the next one will.
    """

    held: Read
    pool: Read


def voices(task: Task, settings: Settings) -> tuple[Voice, ...]:
    """Return the teachers' answers."""
    return tuple(_voice(own, settings) for own in task.teachers)


def hear(
    task: Task,
    spoken: Sequence[Voice],
    settings: Settings,
    *,
    learned: Bool[ndarray, " G"],
    before: Before | None,
) -> Heard:
    """Return what all together say of the pool.

    Args:
        task: What is to be learned.
        spoken: The teachers' answers.
        settings: How they are spelled.
        learned: Which gold may be looked at.
        before: The student of the round before; None in the first.
    """
    gold = task.gold
    labels = gold.labels[learned]
    prior = class_prior(labels, classes=task.classes)
    worth = [measured_noise(own.gold[learned], labels, classes=task.classes) for own in spoken]
    votes = [likelihoods(own.pool, noise) for own, noise in zip(spoken, worth, strict=True)]
    if before is None and len(spoken) == 1:
        return Heard(answers=spoken[0].pool, noise=worth[0], probabilities=posterior(prior, *votes))
    held = [_held_votes(own.gold, gold, learned, task.classes) for own in spoken]
    if before is not None:
        votes, held = [*votes, before.pool], [*held, before.held[learned]]
    found = posterior(prior, *votes)
    alphabet = Alphabet.of(Opinions(found), grades=max(settings.grades, 1))
    answers = alphabet.spell(Opinions(posterior(prior, *held)))
    return Heard(
        answers=alphabet.spell(Opinions(found.copy())),
        noise=measured_noise(answers, labels, classes=task.classes),
        probabilities=found,
    )


def _voice(teaching: Teaching, settings: Settings) -> Voice:
    alphabet = Alphabet.of(teaching.pool, grades=settings.grades)
    return Voice(gold=alphabet.spell(teaching.gold), pool=alphabet.spell(teaching.pool))


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
