"""One trial on texts: gold drawn, a student taught in one way, and what it says of the test."""

import time
from dataclasses import replace

import numpy as np

from training.pseudo_label.lesson import Lesson, Rows, Student
from training.pseudo_label.noise import class_prior
from training.pseudo_label.rounds import Learned, Rounds
from training.pseudo_label.stepped_learner import SteppedLearner
from training.pseudo_label.task import Gold, Task, Teaching
from training.weak_to_strong.outcome import Outcome
from training.weak_to_strong.text_examples import TextExamples
from training.weak_to_strong.text_material import TextMaterial
from training.weak_to_strong.text_plan import TextPlan, TextTrial

CLASSES = 2


def do_trial(trial: TextTrial, plan: TextPlan, material: TextMaterial) -> Outcome:
    """Do a trial."""
    gold, pool = material.draw(trial.share, trial.seed, plan.folds)
    began_s = time.process_time()
    student: Student
    match trial.way:
        case "gold":
            student, learned = _simple(gold.rows, gold.labels, trial, plan, material), None
        case "naive":
            student, learned = _naive(gold, pool, trial, plan, material), None
        case "student" | "transductive":
            if trial.way == "transductive":
                pool = np.concatenate([pool, material.test])
            learned = _in_rounds(gold, pool, trial, plan, material)
            student = learned.student
    return Outcome(
        probabilities=student.read(material.test),
        scores=() if learned is None else tuple(own.score for own in learned.rounds),
        best=0 if learned is None else learned.best.number,
        cpu_s=time.process_time() - began_s,
    )


def _in_rounds(
    gold: Gold, pool: Rows, trial: TextTrial, plan: TextPlan, material: TextMaterial
) -> Learned:
    task = Task(
        gold=gold,
        pool=pool,
        teachers=(Teaching(gold=material.opinions.of(gold.rows), pool=material.opinions.of(pool)),),
        classes=CLASSES,
    )
    learner = _learner(plan, material)
    return Rounds(task, learner, plan.settings, seed=trial.seed).run()


def _naive(
    gold: Gold, pool: Rows, trial: TextTrial, plan: TextPlan, material: TextMaterial
) -> Student:
    """Return a student for whom whatever the teacher said is as good as gold."""
    opinions = material.opinions.of(pool)
    rows = np.concatenate([gold.rows, pool[opinions.said]])
    labels = np.concatenate([gold.labels, opinions.hard[opinions.said]])
    longer = replace(plan, recipe=replace(plan.recipe, gold_steps=plan.recipe.steps))
    return _simple(rows, labels, trial, longer, material)


def _simple(
    rows: Rows, labels: Rows, trial: TextTrial, plan: TextPlan, material: TextMaterial
) -> Student:
    learner = _learner(plan, material)
    lesson = Lesson(gold=rows, labels=labels, prior=class_prior(labels, classes=CLASSES))
    return learner.taught(lesson, seed=trial.seed)


def _learner(plan: TextPlan, material: TextMaterial) -> SteppedLearner:
    examples = TextExamples(material.embeddings, np.arange(material.learned))
    return SteppedLearner(examples, plan.recipe)
