import numpy as np
import pytest

from training.errors import DatasetError
from training.interview import Entry


def test_no_tick_sees_a_word_before_it_was_available(interview):
    rows, valid = interview().text_as_of()

    assert valid.sum() == 100 - 13  # 1.0 s lies between the ticks 12 and 13
    assert not rows[:13].any()
    assert [rows[tick, 0] for tick in (13, 37, 38, 62, 63, 99)] == [1, 1, 2, 2, 3, 3]


def test_a_delay_makes_words_later_and_keeps_their_order(interview):
    rows, valid = interview().text_as_of(delay_s=1.0)
    jittered, _ = interview().text_as_of(delay_s=np.array([0.0, 3.0, 0.0]))

    assert valid.sum() == 100 - 25
    assert rows[50, 0] == 2
    assert jittered[70, 0] == 1  # the third one waits for the second
    assert jittered[75, 0] == 3


def test_without_words_there_is_no_text(interview):
    rows, valid = interview(
        text=np.zeros((0, 4), np.float32), text_available_s=np.zeros(0)
    ).text_as_of()

    assert rows.shape == (100, 4)
    assert not valid.any()


def test_its_arrays_and_slices_cannot_be_written(interview):
    made = interview()
    with pytest.raises(ValueError, match="read-only"):
        made.keypoints[0] = 1
    with pytest.raises(TypeError):
        made.entry.slices["gender"] = "f"


@pytest.mark.parametrize("name", ["keypoints", "appearance", "text"])
def test_a_feature_that_is_no_number_is_refused_by_name(interview, name):
    rows = getattr(interview(), name).copy()
    rows[2].flat[-1] = np.nan
    with pytest.raises(DatasetError, match=rf"0047: {name}: row 2 at .* is nan; expected finite"):
        interview(**{name: rows})


def test_what_a_mask_leaves_out_may_be_anything(interview):
    rows = interview().keypoints.copy()
    rows[2] = np.nan
    valid = np.ones(100, np.bool_)
    valid[2] = False
    assert len(interview(keypoints=rows, keypoints_valid=valid)) == 100


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"keypoints": np.zeros((99, 137, 3), np.float32)}, r"keypoints: expected \[100, 137, 3\]"),
        ({"shot": np.zeros(3, np.int64)}, r"shot: expected \[100\] for 100 ticks, got \[3\]"),
        ({"time_s": np.zeros(100)}, "time_s: expected seconds that rise; they do not at row 1"),
        ({"text_available_s": np.array([1.0, 0.5, 2.0])}, "text_available_s: .* at row 1"),
        ({"text_available_s": np.array([1.0, np.nan, 2.0])}, "text_available_s: .* at row 1"),
    ],
)
def test_rows_that_do_not_fit_together_are_refused(interview, changed, reason):
    with pytest.raises(DatasetError, match=reason):
        interview(**changed)


def test_a_label_is_the_index_of_a_class():
    with pytest.raises(DatasetError, match="expected the index of a class, got -1"):
        Entry(name="0047", subject="7", label=-1)
