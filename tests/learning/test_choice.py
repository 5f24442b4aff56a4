"""Settings of the texts are chosen by left-out gold, and by nothing of the test."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engines.errors import ConfigError
from training.pseudo_label.opinions import Opinions
from training.weak_to_strong.choice import Choice, Draws, without_test
from training.weak_to_strong.choice_grid import GRIDS, PLANNED, candidates, narrowed
from training.weak_to_strong.material import Material
from training.weak_to_strong.text_examples import TextExamples

LEARNED, TESTED = 240, 60
DRAWS = Draws(shares=(0.2, 0.4), seeds=2, folds=2)
VALUES = {"gold_steps": (2, 30), "steps": (10,)}


@pytest.fixture(scope="module")
def material():
    random = np.random.default_rng(0)
    labels = random.integers(2, size=LEARNED + TESTED)
    vectors = random.normal(size=(len(labels), 384)).astype(np.float32)
    vectors[:, 0] += 3.0 * labels
    right = random.uniform(size=len(labels)) < 0.8
    return Material(
        classes=("negative", "positive"),
        labels=labels,
        examples=TextExamples(torch.from_numpy(vectors), np.arange(LEARNED)),
        opinions=Opinions(np.eye(2)[np.where(right, labels, 1 - labels)]),
        learned=LEARNED,
    )


def choice(part, material, out):
    own = Choice(part, VALUES, draws=DRAWS, material=material, out=out)
    own.run()
    return own.table()


@pytest.mark.parametrize("part", ["gold", "pool"])
def test_nothing_of_the_test_changes_a_score(part, material, tmp_path):
    assert len(without_test(material).test) == 0
    labels, soft = material.labels.copy(), material.opinions.soft.copy()
    labels[LEARNED:] = 1 - labels[LEARNED:]
    soft[LEARNED:] = soft[LEARNED:, ::-1]
    other = replace(material, labels=labels, opinions=Opinions(soft))
    tables = [choice(part, own, tmp_path / name) for name, own in (("a", material), ("b", other))]
    rows = [[line for line in table.splitlines() if line.startswith("|")] for table in tables]
    assert rows[0] == rows[1]


def test_the_best_stands_first_with_every_draw(material, tmp_path):
    _, _, best, worst, *_ = choice("gold", material, tmp_path).splitlines()
    assert best.startswith("| gold_steps 30, steps 10 |")
    means = [float(row.split("|")[2]) for row in (best, worst)]
    assert means[0] > means[1] > 0.5
    each = [float(score) for score in best.split("|")[5].replace(";", "").split()]
    assert len(each) == 4
    assert np.mean(each) == pytest.approx(means[0], abs=1e-3)


def test_what_was_scored_is_not_scored_again(material, tmp_path):
    first = choice("pool", material, tmp_path)
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "choices").iterdir()}
    assert len(written) == 8
    next(iter(written)).unlink()
    again = choice("pool", material, tmp_path)
    assert [line for line in again.splitlines() if line.startswith("|")] == [
        line for line in first.splitlines() if line.startswith("|")
    ]
    after = {path: path.stat().st_mtime_ns for path in written}
    assert sum(after[path] != written[path] for path in written) == 1


def test_what_the_plan_has_is_among_what_there_is_to_choose_from():
    assert all(PLANNED in candidates(values) for values in GRIDS.values())
    assert [len(candidates(values)) for values in GRIDS.values()] == [36, 144]


def test_a_grid_is_narrowed_to_values_that_are_told():
    grids = narrowed(GRIDS, ["trust=3,100", "weighing=even", "decay=0.2"])
    assert grids["pool"]["trust"] == (3.0, 100.0)
    assert grids["pool"]["weighing"] == ("even",)
    assert grids["gold"]["decay"] == (0.2,)
    assert grids["pool"]["steps"] == GRIDS["pool"]["steps"]


@pytest.mark.parametrize(
    ("take", "said"),
    [
        ("tust=1", "expected one of the knobs gold_steps, rate"),
        ("steps=many", "'many' is no value of steps, which is 1200 in the plan"),
        ("weighing=heavy", "'heavy' is no value of weighing"),
    ],
)
def test_a_knob_or_a_value_that_there_is_not_is_refused(take, said):
    with pytest.raises(ConfigError, match=said):
        narrowed(GRIDS, [take])
