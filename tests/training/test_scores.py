from math import inf

import numpy as np
import pytest

from engines.sequence.checkpoint import Calibration
from training.errors import DatasetError
from training.evaluation.bootstrap import resample_subjects
from training.evaluation.comparison import difference, figure, joined
from training.evaluation.scores import score, told
from training.interview import Entry
from training.prediction import Predictions

LABELS = ("lost", "won")


def predictions(*, subjects=30, each=3, signal=1.5, seed=0, slices=lambda number: {}, label=None):
    """Return made-up predictions: one class a subject, as sure as the signal is strong."""
    random = np.random.default_rng(seed)
    entries, logits = [], []
    for number in range(subjects):
        own = number % 2 if label is None else label
        taste = random.normal()
        for interview in range(each):
            entries.append(
                Entry(
                    name=f"{number}-{interview}",
                    subject=str(number),
                    label=own,
                    slices=slices(number),
                )
            )
            evidence = signal * (2 * own - 1) + taste + random.normal()
            logits.append([[0, evidence * part] for part in (0.2, 1)])
    return Predictions(
        labels=LABELS,
        entries=tuple(entries),
        after_s=(10.0, inf),
        logits=np.array(logits, np.float32),
    )


def test_figures_say_of_how_many_and_lie_inside_their_interval():
    found = score(predictions())
    assert (found.n, found.subjects) == (90, 30)
    assert found.counts == {"lost": 45, "won": 45}
    assert found.majority == 0.5
    assert [moment.after_s for moment in found.moments] == [10.0, None]
    for moment in found.moments:
        for one in moment.figures.values():
            assert (one.n, one.subjects, one.why) == (90, 30, None)
            assert 0 <= one.low <= one.high <= 1
        for name in ("accuracy", "balanced_accuracy", "macro_f1", "auc"):
            assert moment.figures[name].low <= moment.figures[name].value
            assert moment.figures[name].value <= moment.figures[name].high


def test_interviews_of_one_person_are_not_so_many_people():
    many = predictions(subjects=60, each=1, seed=1)
    # the same sixty answers three times over know no more about people
    copies = predictions(subjects=60, each=3, seed=1)
    copied = Predictions(
        labels=LABELS,
        entries=copies.entries,
        after_s=many.after_s,
        logits=np.repeat(many.logits, 3, axis=0),
    )
    one, three = (score(some).moments[-1].figures["accuracy"] for some in (many, copied))
    assert three.value == one.value
    assert three.high - three.low == pytest.approx(one.high - one.low, abs=0.02)
    assert (one.n, three.n) == (60, 180)


def test_a_resample_without_a_class_is_drawn_again_and_counted():
    labels = np.array([1] * 9 + [0])
    found = resample_subjects([str(row) for row in range(10)], labels)
    assert len(found.weights) == 2_000
    assert (found.weights[:, -1] > 0).all()
    assert (found.weights.sum(axis=1) == 10).all()
    # the one subject of its class is missing in (9/10)^10 of all resamples
    assert found.redrawn / (found.redrawn + 2_000) == pytest.approx(0.9**10, abs=0.03)


def test_a_person_is_drawn_with_all_interviews():
    found = resample_subjects(["a", "b", "a", "b"], np.array([0, 1, 0, 1]))
    assert (found.weights[:, 0] == found.weights[:, 2]).all()
    assert (found.weights[:, 1] == found.weights[:, 3]).all()
    assert found.subjects == 2


def test_of_one_class_there_is_no_auc_and_it_says_so():
    figures = score(predictions(label=1)).moments[-1].figures
    assert figures["auc"].value is None
    assert figures["auc"].why == "all are won"
    assert figures["balanced_accuracy"].value is None
    assert figures["accuracy"].value > 0.5
    assert figures["accuracy"].low is not None


def test_slices_that_are_too_small_or_of_one_class_say_so():
    def slices(number):
        if number < 4:
            return {"nationality": "fi"}
        return {"nationality": "no" if number % 2 else "se", "gender": "f"}

    found = {(one.of, one.value): one for one in score(predictions(slices=slices)).slices}
    assert set(found) == {
        ("gender", "f"),
        ("nationality", "fi"),
        ("nationality", "no"),
        ("nationality", "se"),
    }
    assert found["nationality", "fi"].figures == {}
    assert found["nationality", "fi"].why == "too few people"
    assert found["nationality", "no"].figures["auc"].why == "all are won"
    women = found["gender", "f"]
    assert (women.n, women.subjects) == (78, 26)
    assert women.figures["auc"].low is not None


def test_few_people_have_figures_but_no_interval():
    accuracy = score(predictions(subjects=4)).moments[-1].figures["accuracy"]
    assert accuracy.value is not None
    assert accuracy.low is None
    assert accuracy.why == "too few people for an interval (4)"


def test_a_prior_moves_the_answers_and_a_temperature_only_their_sureness():
    some = predictions()
    plain, cooled, moved = (
        score(some, calibration=calibration, shift=shift).moments[-1].figures
        for calibration, shift in (
            (None, None),
            (Calibration(temperature=3.0, n=90), None),
            (None, np.log([0.01, 0.99])),
        )
    )
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "auc"):
        assert cooled[name] == plain[name]
    assert cooled["ece"].value != plain["ece"].value
    assert moved["accuracy"].value == pytest.approx(0.5, abs=0.15)
    assert moved["auc"].value == pytest.approx(plain["auc"].value)


def test_a_threshold_tells_how_much_is_answered_and_how_much_of_that_is_wrong():
    some = predictions()
    held = Calibration(temperature=1.0, min_confidence=0.8, risk=0.1, n=90)
    figures = score(some, calibration=held).moments[-1].figures
    answered, wrong = figures["answered"], figures["wrong_of_answered"]
    assert 0 < answered.value < 1
    assert wrong.n == round(answered.value * 90)
    assert wrong.value < 1 - figures["accuracy"].value
    shy = Calibration(temperature=1.0, min_confidence=1.0, risk=0.1, n=90)
    silent = score(some, calibration=shy).moments[-1].figures
    assert silent["answered"].value == 0
    assert silent["wrong_of_answered"].why == "it abstains on all of them"
    assert "answered" not in score(some).moments[-1].figures


def test_a_logit_that_is_no_number_names_its_interview():
    some = predictions()
    logits = some.logits.copy()
    logits[4, 0, 1] = np.nan
    broken = Predictions(labels=LABELS, entries=some.entries, after_s=some.after_s, logits=logits)
    with pytest.raises(DatasetError, match="1-1: the network made logits"):
        score(broken)


def test_of_nothing_there_are_no_scores():
    none = Predictions(
        labels=LABELS, entries=(), after_s=(inf,), logits=np.zeros((0, 1, 2), np.float32)
    )
    with pytest.raises(DatasetError, match="no interviews"):
        score(none)


def test_a_network_differs_from_itself_by_nothing():
    some = predictions()
    found = difference([some], [some], "accuracy")
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_a_better_network_is_above_a_worse_one_by_an_interval_without_zero():
    good, bad = predictions(signal=2.0), predictions(signal=0.2, seed=5)
    found = difference([good], [bad], "auc")
    assert found.low > 0
    assert found.p < 0.05
    back = difference([bad], [good], "auc")
    assert (back.value, back.low, back.high) == pytest.approx(
        (-found.value, -found.high, -found.low)
    )


def test_what_both_find_hard_drops_out_of_the_difference():
    some = predictions()
    logits = some.logits.copy()
    logits[::10, :, 1] += 2.0
    other = Predictions(labels=LABELS, entries=some.entries, after_s=some.after_s, logits=logits)
    paired = difference([other], [some], "accuracy")
    alone = figure([some], "accuracy")
    assert paired.high - paired.low < alone.high - alone.low


def test_runs_that_differ_in_their_seed_count_as_their_mean():
    runs = [predictions(seed=seed) for seed in range(3)]
    values = [figure([run], "accuracy").value for run in runs]
    assert figure(runs, "accuracy").value == pytest.approx(np.mean(values))
    assert figure(runs, "accuracy", after_s=10.0).n == 90


def test_runs_of_other_interviews_are_not_compared():
    with pytest.raises(DatasetError, match="the same interviews in the same order"):
        difference([predictions()], [predictions(subjects=20)], "accuracy")
    with pytest.raises(DatasetError, match=r"after 60.0 s: the predictions are of \[10.0, inf\]"):
        figure([predictions()], "accuracy", after_s=60.0)


def test_folds_that_leave_one_out_become_one_and_never_hold_an_interview_twice():
    some = predictions(subjects=6)
    parts = [
        Predictions(
            labels=LABELS,
            entries=some.entries[start : start + 3],
            after_s=some.after_s,
            logits=some.logits[start : start + 3],
        )
        for start in range(0, 18, 3)
    ]
    assert score(joined(parts)) == score(some)
    with pytest.raises(DatasetError, match="in two of the folds"):
        joined([parts[0], parts[0]])


def test_a_figure_is_told_with_its_interval():
    figures = score(predictions(subjects=4)).moments[-1].figures
    assert told(figures["accuracy"]) == f"{figures['accuracy'].value:.3f}"
    assert told(score(predictions(label=1)).moments[-1].figures["auc"]) == "-"
    one = score(predictions()).moments[-1].figures["accuracy"]
    assert told(one) == f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
