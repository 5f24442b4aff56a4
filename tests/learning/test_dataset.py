from dataclasses import replace

import numpy as np
import pytest
import torch

from training.errors import DatasetError
from training.interview import Entry
from training.learning.dataset import EpochBatches, Fold, WholeInterviews

ALL = ("image", "keypoints", "text")


class Without:
    """A set in which one interview was changed."""

    def __init__(self, interviews, change):
        self._interviews, self._change = interviews, change
        self.name, self.entries = interviews.name, interviews.entries

    def __getitem__(self, number):
        interview = self._interviews[number]
        return self._change(interview) if number == 1 else interview


@pytest.fixture(scope="module")
def fold(interviews, split):
    return Fold(interviews, split.folds["train"])


def test_a_shorter_interview_is_padded_with_ticks_without_data(fold):
    batch = WholeInterviews(fold, ALL, size=len(fold))[0]
    lengths = torch.tensor([len(own) for own in fold.interviews])
    assert lengths.unique().numel() > 1
    assert batch.at[:, -1].tolist() == (lengths - 1).tolist()
    for name in ALL:
        history = batch.histories[name]
        assert history.valid.shape == (len(fold), lengths.max())
        beyond = torch.arange(int(lengths.max())) >= lengths[:, None]
        assert not (history.valid & beyond).any()
        assert not history.features[beyond].any()
        assert history.valid.any()


def test_labels_are_those_of_the_split(interviews, split):
    entries = [replace(entry, label=1 - entry.label) for entry in split.folds["train"]]
    fold = Fold(interviews, entries)
    labels = WholeInterviews(fold, ("text",), size=len(fold))[0].labels
    assert labels.tolist() == [1 - own.entry.label for own in fold.interviews]


def same(first, second):
    return all(
        torch.equal(first.histories[name].features, second.histories[name].features)
        and torch.equal(first.histories[name].valid, second.histories[name].valid)
        for name in first.histories
    ) and torch.equal(first.at, second.at)


def test_a_batch_follows_from_seed_stage_epoch_and_number(fold, recipe):
    def epoch(number, stage=0):
        return EpochBatches(fold, ALL, recipe(), stage=stage, epoch=number)

    assert len(epoch(3)) == 3
    assert same(epoch(3)[1], epoch(3)[1])
    assert not same(epoch(3)[1], epoch(4)[1])
    assert not same(epoch(3)[1], epoch(3, stage=1)[1])


def test_an_epoch_has_every_interview_once(fold, recipe):
    plain = EpochBatches(fold, ("text",), recipe(augment={}), stage=0, epoch=0)
    found = np.concatenate([batch.labels for batch in map(plain.__getitem__, range(3))])
    assert sorted(found) == sorted(fold.labels)


def test_early_readings_lie_within_their_interview(fold, recipe):
    stated = recipe(prefixes={"count": 5, "from_s": 20.0})
    batch = EpochBatches(fold, ("text",), stated, stage=0, epoch=0)[0]
    assert batch.at.shape == (6, 6)
    # a pace that wanders makes an interview shorter, and never longer than its last tick
    assert (batch.at[:, :-1] >= 20).all()
    assert (batch.at[:, :-1] <= batch.at[:, -1:]).all()


def test_an_interview_that_is_no_part_of_the_set_is_refused(interviews, split):
    stray = Entry(name="other", subject="x", label=0)
    with pytest.raises(DatasetError, match=r"other: made-up interviews.* has no interview"):
        Fold(interviews, [*split.folds["train"], stray])


def test_vectors_of_two_widths_are_refused(interviews):
    wider = Without(
        interviews, lambda own: replace(own, appearance=np.repeat(own.appearance, 2, axis=1))
    )
    with pytest.raises(DatasetError, match=r"image: expected one width or rate in all .* 12, 6"):
        Fold(wider, interviews.entries[:3])


def test_a_feature_that_is_no_number_is_refused_by_name_and_tick(interviews):
    def broken(own):
        appearance = own.appearance.copy()
        appearance[7, 2] = np.nan
        valid = own.appearance_valid.copy()
        valid[7] = True
        return replace(own, appearance=appearance, appearance_valid=valid)

    with pytest.raises(DatasetError, match=r"synthetic-0001: appearance: row 7 at \[2\] is nan"):
        Fold(Without(interviews, broken), interviews.entries[:3])


def test_another_label_or_another_number_makes_another_digest(interviews, split):
    entries = split.folds["train"]
    digest = Fold(interviews, entries).digest()
    assert digest == Fold(interviews, entries).digest()
    other = (replace(entries[0], label=1 - entries[0].label), *entries[1:])
    assert digest != Fold(interviews, other).digest()
