import pytest

from training.errors import SplitError
from training.interview import Entry
from training.split import Split, divide


def entries(subject, labels):
    return tuple(
        Entry(name=f"{subject}-{number}", subject=subject, label=label)
        for number, label in enumerate(labels)
    )


def test_a_subject_in_two_folds_is_refused():
    folds = {"train": entries("ann", [0, 1]), "test": entries("bob", [0, 1])}
    stray = Entry(name="other", subject="ann", label=0)
    with pytest.raises(SplitError, match="subject ann lies in train and in test"):
        Split(folds=folds | {"test": (*folds["test"], stray)})


def test_an_interview_in_two_folds_is_refused():
    same = Entry(name="ann-0", subject="bob", label=1)
    folds = {"train": entries("ann", [0, 1]), "test": (*entries("bob", [0]), same)}
    with pytest.raises(SplitError, match="interview ann-0 lies in train and in test"):
        Split(folds=folds)


def test_a_fold_of_one_class_is_refused_unless_it_is_declared():
    folds = {"train": entries("ann", [0, 1]), "validation": entries("bob", [1, 1])}
    with pytest.raises(SplitError, match="validation: all 2 interviews are of class 1"):
        Split(folds=folds)
    split = Split(folds=folds, one_class=("validation",))
    assert split.counts("validation") == {1: 2}


def test_an_empty_fold_is_refused():
    with pytest.raises(SplitError, match="test: expected interviews, got none"):
        Split(folds={"train": entries("ann", [0, 1]), "test": ()})


def test_dividing_keeps_subjects_whole_and_classes_even():
    people = [
        entry
        for number in range(60)
        for entry in entries(f"s{number}", [0, 1, 1] if number % 3 else [1, 1, 1, 0, 1])
    ]
    split = divide(people, {"train": 0.6, "validation": 0.2, "test": 0.2}, seed=3)

    sizes = {name: len(own) for name, own in split.folds.items()}
    assert sum(sizes.values()) == len(people)
    assert abs(sizes["train"] - 0.6 * len(people)) <= 5
    for name, own in split.folds.items():
        assert abs(split.counts(name)[1] / len(own) - split_share(people)) < 0.05
    assert split == divide(people, {"train": 0.6, "validation": 0.2, "test": 0.2}, seed=3)


def split_share(people):
    return sum(entry.label for entry in people) / len(people)


def test_shares_must_add_up():
    with pytest.raises(SplitError, match="expected positive ones that add up to 1"):
        divide(entries("ann", [0, 1]), {"train": 0.6, "test": 0.6}, seed=0)


def test_too_few_people_for_both_classes_in_each_fold_are_refused():
    people = [*entries("ann", [0]), *entries("bob", [1])]
    with pytest.raises(SplitError, match=r"of class|got none"):
        divide(people, {"train": 0.5, "test": 0.5}, seed=0)
