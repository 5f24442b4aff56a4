import csv
import json
from collections import Counter

import numpy as np
import pytest

from engines.spec.skeleton import BODY, FACE, INDEX, LEFT_HAND, RIGHT_HAND, RIGHT_SHOULDER
from training.errors import DatasetError, SplitError
from training.imigue.cvpr21_videos import TEST, TRAIN
from training.imigue.interviews import ImigueFolders
from training.imigue.labels import COLUMNS, read_labels
from training.imigue.protocols import Cvpr21Split, MigaTrack3Split
from training.interview import Entry

FIELDS = {
    "pose_keypoints_2d": BODY,
    "face_keypoints_2d": FACE,
    "hand_left_keypoints_2d": LEFT_HAND,
    "hand_right_keypoints_2d": RIGHT_HAND,
}
LEGS = slice(8, 15)


def row(video, subject, outcome, gender="female", country="FI"):
    return [video, 1, "00:01", 25, "00:03", 75, 8, subject, gender, country, outcome]


@pytest.fixture
def write_labels(tmp_path):
    def write(rows, columns=COLUMNS):
        path = tmp_path / "labels.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([columns, *rows])
        return path

    return write


def all_rows():
    """As many videos as iMiGUE has, with its counts; of subjects that are in one fold each."""
    rows = []
    for first, videos in ((1, TRAIN), (38, TEST)):
        people = 37 if first == 1 else 35
        for place, video in enumerate(videos):
            outcome = "win" if place % 2 else "lose"
            rows.append(row(video, first + place % people, outcome))
    free = sorted(set(range(1, 454)) - set(TRAIN) - set(TEST))
    rows += [row(video, 100 + place, "win") for place, video in enumerate(free[:157])]
    return rows + rows[:50]  # a video has several gestures


def sight(frame):
    """What OpenPose saw in a frame: no legs, and where a point is tells frame and point."""
    points = np.zeros((137, 3))
    points[:, 0] = 500 + np.arange(137) / 2
    points[:, 1] = 200 + frame
    points[:, 2] = 0.5
    points[[2, 5], 0] = 400, 700  # shoulders wider apart than the face is from the nose
    points[LEGS] = 0
    return points


def write_json(folder, video, frame, points):
    own = folder / video
    own.mkdir(parents=True, exist_ok=True)
    person = {name: points[part].ravel().tolist() for name, part in FIELDS.items()}
    path = own / f"{video}_{frame:012d}_keypoints.json"
    path.write_text(json.dumps({"version": 1.3, "people": [person]}))
    return path


def write_table(folder, video, frames, *, parts=(BODY, FACE, LEFT_HAND, RIGHT_HAND), header=False):
    folder.mkdir(exist_ok=True)
    rows = [np.concatenate([points[part].ravel() for part in parts]) for points in frames]
    names = ",".join(f"c{number}" for number in range(411)) if header else ""
    path = folder / f"{video}.csv"
    np.savetxt(path, rows, delimiter=",", header=names, comments="")
    return path


def entry(video="47"):
    return Entry(name=video, subject="7", label=1)


def test_each_video_has_one_entry_with_its_slices(write_labels):
    rows = [row("0047", "07", "Win"), row("47", 7, "win"), row(3, 8, "lose", "male", "KR")]
    third, first = read_labels(write_labels(rows))

    assert (third.name, third.subject, third.label) == ("3", "8", 0)
    assert (first.name, first.subject, first.label) == ("47", "7", 1)
    assert dict(first.slices) == {"gender": "female", "nationality": "FI"}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([row(1, 1, "draw")], r"labels.csv:2: win_or_lose: expected lose or win, got 'draw'"),
        ([row(1, 1, "win"), row(1, 2, "win")], r"labels.csv:3: video 1 was of subject 1 .* 2 "),
        ([row(1, 1, "win"), row(1, 1, "lose")], r":3: video 1 was .*positive.* negative"),
        ([row(1, "", "win")], "labels.csv:2: subject_id is empty"),
        ([], "expected one row a gesture, got none"),
    ],
)
def test_labels_that_contradict_themselves_are_refused(write_labels, rows, reason):
    with pytest.raises(DatasetError, match=reason):
        read_labels(write_labels(rows))


def test_labels_that_are_missing_say_what_was_expected_and_who_has_them(tmp_path, write_labels):
    with pytest.raises(DatasetError, match=r"none.csv: expected .*win_or_lose; .*Oulu.*agreement"):
        read_labels(tmp_path / "none.csv")
    with pytest.raises(DatasetError, match="no column win_or_lose"):
        read_labels(write_labels([[1, 2]], columns=COLUMNS[:-1]))


def test_the_protocol_of_cvpr_has_102_and_100_of_other_people(write_labels):
    split = Cvpr21Split.of(read_labels(write_labels(all_rows())))

    assert {fold: split.counts(fold) for fold in split.folds} == {
        "train": {0: 51, 1: 51},
        "test": {0: 50, 1: 50},
    }
    people = {fold: {own.subject for own in entries} for fold, entries in split.folds.items()}
    assert not people["train"] & people["test"]
    assert not set(TRAIN) & set(TEST)


def test_a_subject_on_both_sides_of_a_protocol_is_refused(write_labels):
    rows = [[*own[:7], 1, *own[8:]] if own[0] == TEST[0] else own for own in all_rows()]
    with pytest.raises(SplitError, match="subject 1 lies in train and in test"):
        Cvpr21Split.of(read_labels(write_labels(rows)))


def test_labels_that_lack_videos_make_no_official_figure(write_labels):
    rows = [own for own in all_rows() if own[0] not in TRAIN[:7]]
    with pytest.raises(DatasetError, match=r"train: the labels lack 7 of 102 videos: 1, 7, .*Oulu"):
        Cvpr21Split.of(read_labels(write_labels(rows)))


def test_other_counts_than_the_official_ones_are_refused(write_labels):
    rows = [[*own[:10], "win"] if own[0] == TRAIN[0] else own for own in all_rows()]
    with pytest.raises(SplitError, match="train: expected 51 negative and 51 positive, got 50 neg"):
        Cvpr21Split.of(read_labels(write_labels(rows)))


@pytest.fixture
def miga(tmp_path):
    """The lists of a challenge with MiGA's counts, and its entries."""
    entries = []
    for fold, (losses, wins) in {
        "train": (53, 192),
        "validation": (0, 10),
        "test": (48, 56),
    }.items():
        labels = [0] * losses + [1] * wins
        own = [
            Entry(name=str(1000 + len(entries) + n), subject=f"{fold}{n % 9}", label=label)
            for n, label in enumerate(labels)
        ]
        entries += own
        (tmp_path / f"{fold}.txt").write_text("\n".join(each.name for each in own) + "\n")
    return tmp_path, entries


def test_track_3_has_245_and_10_and_104(miga):
    folder, entries = miga
    split = MigaTrack3Split.of(entries, folder)

    assert Counter({fold: len(own) for fold, own in split.folds.items()}) == {
        "train": 245,
        "validation": 10,
        "test": 104,
    }
    assert split.counts("validation") == {1: 10}
    assert split.protocol != Cvpr21Split.protocol
    assert not isinstance(split, Cvpr21Split)


def test_a_list_that_is_missing_is_named(miga):
    folder, entries = miga
    (folder / "validation.txt").unlink()
    with pytest.raises(DatasetError, match=r"validation.txt: expected the list of a fold"):
        MigaTrack3Split.of(entries, folder)


def test_frames_fall_on_the_grid_and_the_newest_counts(tmp_path):
    for frame in range(20):
        if frame not in {4, 5, 9}:
            write_json(tmp_path, "0047", frame, sight(frame))
    interview = ImigueFolders(keypoints=tmp_path).read(entry())

    assert interview.keypoints.shape == (10, 137, 3)
    assert interview.keypoints_valid.tolist() == [True, True, False, *[True] * 7]
    assert [int(y) - 200 for y in interview.keypoints[interview.keypoints_valid, 0, 1]] == [
        1, 3, 7, 8, 11, 13, 15, 17, 19,
    ]  # fmt: skip
    assert interview.time_s[[0, 2, 4]] == pytest.approx([1 / 25, 2 / 12.5, 8 / 25])
    assert not interview.keypoints[:, LEGS].any()
    assert interview.appearance.shape == (10, 0)


@pytest.mark.parametrize("header", [False, True])
def test_a_table_gives_what_the_json_gives(tmp_path, header):
    for frame in range(6):
        write_json(tmp_path / "json", "47", frame, sight(frame))
    write_table(tmp_path / "tables", "047", [sight(frame) for frame in range(6)], header=header)
    from_json = ImigueFolders(keypoints=tmp_path / "json").read(entry())
    from_table = ImigueFolders(keypoints=tmp_path / "tables").read(entry())

    np.testing.assert_allclose(from_table.keypoints, from_json.keypoints, rtol=1e-6)
    np.testing.assert_array_equal(from_table.keypoints_valid, from_json.keypoints_valid)


def test_a_point_outside_the_picture_is_missing_as_it_is_live(tmp_path):
    points = sight(0)
    points[0, 0] = 1300
    write_json(tmp_path, "47", 0, points)
    assert not ImigueFolders(keypoints=tmp_path).read(entry()).keypoints[0, 0].any()


@pytest.mark.parametrize("kind", ["json", "table"])
def test_a_point_that_is_no_number_is_refused_by_name(tmp_path, kind):
    points = sight(0)
    points[RIGHT_SHOULDER, 1] = np.nan
    if kind == "json":
        write_json(tmp_path, "47", 0, points)
    else:
        write_table(tmp_path, "47", [points])
    with pytest.raises(
        DatasetError, match=r"47.*: frame 0: right_shoulder is .*nan.*expected fini"
    ):
        ImigueFolders(keypoints=tmp_path).read(entry())


def test_a_table_in_another_order_is_refused(tmp_path):
    frames = [sight(0)]
    frames[0][FACE, 0] = 520
    frames[0][[*range(*LEFT_HAND.indices(137)), *range(*RIGHT_HAND.indices(137))], 0] = 1200
    write_table(tmp_path, "47", frames, parts=[BODY, LEFT_HAND, RIGHT_HAND, FACE])
    with pytest.raises(DatasetError, match="the face is not where the nose is; expected the colum"):
        ImigueFolders(keypoints=tmp_path).read(entry())


def test_a_table_of_other_columns_is_refused(tmp_path):
    (tmp_path / "47.csv").write_text("1,2,3\n4,5,6\n")
    with pytest.raises(DatasetError, match=r"rows of 411 = 137 x 3 columns, got \[2, 3\]"):
        ImigueFolders(keypoints=tmp_path).read(entry())
    (tmp_path / "47.csv").write_text("1,2,x\n")
    with pytest.raises(DatasetError, match="expected a csv of 411 numbers a row"):
        ImigueFolders(keypoints=tmp_path).read(entry())


def test_keypoints_that_are_missing_say_which_files_were_expected(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(
            DatasetError, match=r"no keypoints of video 47; expected 47/47_000000000000.*Oulu"
        ):
            ImigueFolders(keypoints=folder).read(entry())
    (tmp_path / "47").mkdir()
    with pytest.raises(DatasetError, match=r"47_000000000000_keypoints.json and so on"):
        ImigueFolders(keypoints=tmp_path).read(entry())


def test_a_broken_frame_is_named(tmp_path):
    write_json(tmp_path, "47", 0, sight(0)).write_text("{")
    with pytest.raises(DatasetError, match=r"47_000000000000_keypoints.json: not the keypoints"):
        ImigueFolders(keypoints=tmp_path).read(entry())


def test_every_point_of_the_body_has_its_place_in_a_table(tmp_path):
    write_table(tmp_path, "47", [sight(0)])
    points = ImigueFolders(keypoints=tmp_path).read(entry()).keypoints[0]
    for name in ("nose", "face_left_pupil", "left_hand_wrist", "right_hand_pinky_tip"):
        assert points[INDEX[name], 0] == pytest.approx(500 + INDEX[name] / 2)
