"""The choice of settings on texts, by gold that was left out and by nothing else.

The material is cut before the test, so that no score can be of it; of the test only its texts were
read, to leave out of training what repeats them. A score is kept in a file of its own, so that the
same command goes on where it was.
"""

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from training.evaluation.metrics import METRICS
from training.pseudo_label.lesson import Lesson
from training.pseudo_label.noise import class_prior
from training.pseudo_label.rounds import Rounds
from training.pseudo_label.stepped_learner import SteppedLearner
from training.pseudo_label.task import Gold, Task, Teaching
from training.weak_to_strong.choice_grid import PLANNED, Knobs, Part, Values, candidates, shown
from training.weak_to_strong.material import Material
from training.weak_to_strong.text_examples import TextExamples
from training.weak_to_strong.text_plan import TEXTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """The draws of gold that a choice is scored on.

    Attributes:
        shares: Of gold.
        seeds: Of each share.
        folds: Of gold, each left out once.
    """

    shares: tuple[float, ...] = TEXTS.shares
    seeds: int = TEXTS.seeds
    folds: int = TEXTS.folds


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a choice came to on one draw.

    Attributes:
        score: AUC on left-out gold: of gold alone, or of the best round.
        cpu_s: That it took.
    """

    score: float
    cpu_s: float


def without_test(material: Material) -> Material:
    """Return a material of which nothing is left of the test."""
    learned = np.arange(material.learned)
    return replace(
        material,
        labels=material.labels[: material.learned],
        opinions=material.opinions.of(learned),
    )


class Choice:
    """Scores of one grid.

    Args:
        part: Which knobs are meant.
        values: The grid.
        draws: Of gold.
        material: Of texts; it is cut before its test.
        out: Folder of the scores.

    Raises:
        TypeError: If the material is of no texts.
    """

    def __init__(
        self, part: Part, values: Values, *, draws: Draws, material: Material, out: Path
    ) -> None:
        examples = material.examples
        if not isinstance(examples, TextExamples):
            msg = f"expected texts, got {type(examples).__name__}"
            raise TypeError(msg)
        self._part: Part = part
        self._values = values
        self._draws = draws
        self._material = without_test(material)
        self._examples = examples
        self._out = out
        self._found: dict[Knobs, list[list[Scored]]] = {}

    def run(self) -> None:
        """Score every choice on every draw, or read what it was scored."""
        every = candidates(self._values)
        for number, knobs in enumerate(every, 1):
            self._found[knobs] = [
                [self._kept(knobs, share, seed) for seed in range(self._draws.seeds)]
                for share in self._draws.shares
            ]
            cpu_s = sum(own.cpu_s for row in self._found[knobs] for own in row)
            sys.stdout.write(
                f"{self._part} {number} of {len(every)}: {shown(knobs, self._values)}: "
                f"{_mean(self._found[knobs]):.4f}  CPU {cpu_s:.0f} s\n"
            )
            sys.stdout.flush()

    def table(self) -> str:
        """Return all choices, the best first, in Markdown."""
        shares = [f"{100 * share:g} % gold" for share in self._draws.shares]
        lines = [
            f"| {self._part} | AUC on left-out gold, mean | {' | '.join(shares)} | each draw |",
            f"| --- | --- |{' --- |' * len(shares)} --- |",
        ]
        for knobs, rows in sorted(self._found.items(), key=lambda item: -_mean(item[1])):
            name = shown(knobs, self._values)
            name = f"**{name}** (the plan's)" if knobs == PLANNED else name
            means = " | ".join(f"{np.mean([own.score for own in row]):.4f}" for row in rows)
            each = "; ".join(" ".join(f"{own.score:.3f}" for own in row) for row in rows)
            lines.append(f"| {name} | {_mean(rows):.4f} | {means} | {each} |")
        cpu_s = sum(own.cpu_s for rows in self._found.values() for row in rows for own in row)
        lines += ["", f"{cpu_s / 60:.1f} CPU-minutes on one thread. Nothing was asked of the test."]
        return "\n".join(lines) + "\n"

    def _kept(self, knobs: Knobs, share: float, seed: int) -> Scored:
        stated = json.dumps(
            [self._part, asdict(knobs), share, seed, self._draws.folds], sort_keys=True
        )
        name = hashlib.sha256(stated.encode()).hexdigest()[:16]
        path = self._out / "choices" / f"{self._part}-{100 * share:g}-{seed}-{name}.json"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            own = asdict(self._scored(knobs, share, seed))
            part.write_text(json.dumps({"stated": stated, **own}) + "\n", encoding="utf-8")
            part.replace(path)
        found = json.loads(path.read_text(encoding="utf-8"))
        return Scored(score=found["score"], cpu_s=found["cpu_s"])

    def _scored(self, knobs: Knobs, share: float, seed: int) -> Scored:
        began_s = time.process_time()
        gold, pool = self._material.draw(share, seed, self._draws.folds)
        examples = self._examples.dropping(dropped=knobs.dropped, dropout=knobs.dropout)
        learner = SteppedLearner(examples, knobs.recipe())
        classes = len(self._material.classes)
        if self._part == "gold":
            score = _left_out(learner, gold, classes=classes, seed=seed)
        else:
            opinions = self._material.opinions
            teacher = Teaching(gold=opinions.of(gold.rows), pool=opinions.of(pool))
            task = Task(gold=gold, pool=pool, teachers=(teacher,), classes=classes)
            score = Rounds(task, learner, knobs.settings(), seed=seed).run().best.score
        return Scored(score=score, cpu_s=time.process_time() - began_s)


def _left_out(learner: SteppedLearner, gold: Gold, *, classes: int, seed: int) -> float:
    """Return the score of gold alone, each fold being read by a student of the others."""
    held = np.empty((len(gold), classes))
    for fold in np.unique(gold.folds).tolist():
        own = gold.folds == fold
        labels = gold.labels[~own]
        lesson = Lesson(
            gold=gold.rows[~own], labels=labels, prior=class_prior(labels, classes=classes)
        )
        held[own] = learner.taught(lesson, seed=seed).read(gold.rows[own])
    return float(METRICS[TEXTS.settings.metric](held, gold.labels, np.ones((1, len(gold))))[0])


def _mean(rows: Sequence[Sequence[Scored]]) -> float:
    return float(np.mean([own.score for row in rows for own in row]))
