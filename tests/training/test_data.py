import csv

import pytest

from engines.errors import ConfigError
from training.data import DataOptions, of_data, open_data
from training.errors import DatasetError
from training.imigue.labels import COLUMNS

SMALL = ("synthetic.interviews=40", "synthetic.subjects=20", "synthetic.positive=0.5")


def test_made_up_interviews_come_with_folds_of_other_people():
    interviews, split = open_data(DataOptions(data="synthetic", overrides=SMALL))
    assert len(interviews) == 40
    assert set(split.folds) == {"train", "validation", "test"}
    assert interviews.taught == "synthetic"
    assert sum(len(fold) for fold in split.folds.values()) == 40


def test_what_is_made_up_and_how_it_is_divided_can_be_stated():
    stated = (*SMALL, "synthetic.plants={text: {agrees: 0.9}}", "split.test=0.5", "split.seed=3")
    interviews, split = open_data(DataOptions(data="synthetic", overrides=stated))
    assert interviews.config.plant("text").agrees == 0.9
    assert interviews.config.plant("image").agrees == 0.5
    assert len(split.folds["test"]) == pytest.approx(20, abs=3)


def test_a_key_is_of_the_data_or_of_the_recipe():
    assert of_data("synthetic.seed=1")
    assert of_data("split.test=0.3")
    assert not of_data("seed=1")
    assert not of_data("joint.epochs=1")


def test_a_value_that_cannot_be_is_named():
    with pytest.raises(ConfigError, match="cue_s: expected 1 to 10 s; got 40"):
        open_data(DataOptions(data="synthetic", overrides=("synthetic.cue_s=40",)))
    with pytest.raises(ConfigError, match=r"synthetic.interview"):
        open_data(DataOptions(data="synthetic", overrides=("synthetic.interview=4",)))


def test_options_of_recorded_interviews_are_refused_with_made_up_ones(tmp_path):
    with pytest.raises(ConfigError, match="--labels is for interviews that were recorded"):
        open_data(DataOptions(data="synthetic", labels=tmp_path / "labels.csv"))


def test_a_folder_that_is_neither_is_told_what_is_expected(tmp_path):
    with pytest.raises(DatasetError, match=r"expected synthetic, a folder that `subface extract`"):
        open_data(DataOptions(data=str(tmp_path)))


def test_shards_without_labels_are_told_so(tmp_path):
    (tmp_path / "shards.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"give --labels FILE.csv with the columns name, subject"):
        open_data(DataOptions(data=str(tmp_path)))


def test_imigue_is_read_under_the_protocol_that_is_named(tmp_path):
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(COLUMNS)
        write.writerow([1, 1, "00:01", 25, "00:03", 75, 8, 1, "female", "FI", "win"])
    with pytest.raises(DatasetError, match="imigue-cvpr21: train: the labels lack 10"):
        open_data(DataOptions(data=str(tmp_path), protocol="cvpr21"))
    with pytest.raises(ConfigError, match="--protocol miga3: give --lists FOLDER"):
        open_data(DataOptions(data=str(tmp_path), protocol="miga3"))
