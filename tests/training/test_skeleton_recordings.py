import numpy as np
import pytest

from training.errors import DatasetError, SplitError
from training.skeletons.clips import Fold, make_clips, make_folds
from training.skeletons.datasets import DATASETS, Dataset
from training.skeletons.recordings import read_recordings

DATASET = Dataset(title="Some", file="some.npz", root="hip", top="neck", epochs=1)


@pytest.fixture
def arrays():
    """Six recordings of ten frames: three joints, three subjects, two classes."""
    frames = np.random.default_rng(0).normal(2, 1, size=(60, 3, 3)).astype(np.float32)
    return {
        "frames": frames,
        "lengths": np.full(6, 10, np.int32),
        "labels": np.arange(6) % 2,
        "subjects": np.array([1, 1, 2, 2, 3, 3]),
        "class_names": np.array(["wave", "clap"]),
        "joint_names": np.array(["hip", "neck", "hand"]),
        "edges": np.array([[0, 1], [1, 2]]),
        "fps": np.float32(15),
    }


@pytest.fixture
def save(tmp_path):
    """Save arrays as an .npz file."""

    def write(arrays):
        np.savez(tmp_path / "some.npz", **arrays)
        return tmp_path / "some.npz"

    return write


@pytest.fixture
def clips_of(save):
    """Read and cut what was saved."""

    def cut(arrays, dataset=DATASET):
        return make_clips(read_recordings(save(arrays)), dataset)

    return cut


def shared(media, name):
    dataset = DATASETS[name]
    recordings = read_recordings(media.parent / "data/skeleton" / dataset.file)
    clips = make_clips(recordings, dataset)
    return recordings, clips, make_folds(clips, dataset)


@pytest.mark.parametrize(
    ("name", "classes", "joints", "clips"),
    [("utkinect", 10, 20, [(100, 99)]), ("msr_action3d", 20, 20, [(284, 273)])],
)
def test_the_shared_recordings_are_divided_as_their_papers_do(media, name, classes, joints, clips):
    recordings, all_clips, folds = shared(media, name)
    assert (len(recordings.classes), len(recordings.joints)) == (classes, joints)
    found = [(len(all_clips.of(fold.train)), len(all_clips.of(fold.test))) for fold in folds]
    assert found == clips
    assert all(int(subject) % 2 for subject in folds[0].train)


def test_each_user_of_gesture_phase_is_tested_once_in_windows_of_31_frames(media):
    _, clips, folds = shared(media, "gesture_phase")
    assert [sorted(fold.test) for fold in folds] == [["a"], ["b"], ["c"]]
    assert set((clips.last - clips.first + 1).tolist()) == {31}
    assert sum(len(clips.of(fold.test)) for fold in folds) == len(clips)


def test_a_clip_is_its_recording_centred_and_scaled(clips_of, arrays):
    clips = clips_of(arrays)
    assert len(clips) == 6
    moved = dict(arrays, frames=arrays["frames"] * 3 + 1)
    assert np.allclose(clips_of(moved).frames, clips.frames, atol=1e-4)
    assert np.abs(np.median(clips.frames[:10, 0], axis=0)).max() < 1e-5


def test_a_joint_that_was_not_found_takes_the_nearest_place_in_time(clips_of, arrays):
    arrays["frames"][2:4, 2] = 0
    clips, raw = clips_of(arrays), arrays["frames"][:10]
    scale = np.median(np.linalg.norm(raw[:, 1] - raw[:, 0], axis=1))
    wanted = (raw[[1, 4], 2] - np.median(raw[:, 0], axis=0)) / scale
    assert np.allclose(clips.frames[2:4, 2], wanted, atol=1e-4)
    assert clips.seen.all()


def test_a_joint_that_was_never_found_stays_missing(clips_of, arrays):
    arrays["frames"][:10, 2] = 0
    seen = clips_of(arrays).seen
    assert not seen[:10, 2].any()
    assert seen[10:].all()


def test_frames_without_anybody_are_left_out(clips_of, arrays):
    arrays["frames"][5] = 0
    clips = clips_of(arrays)
    assert (clips.last - clips.first + 1).tolist() == [9, 10, 10, 10, 10, 10]
    assert len(clips.frames) == 59


def test_what_the_published_list_leaves_out_is_left_out(clips_of, arrays):
    arrays["in_cvpr12_list"] = np.array([True, False, True, True, True, True])
    clips = clips_of(arrays)
    assert len(clips) == 5
    assert clips.subjects == ("1", "2", "2", "3", "3")


def test_a_window_has_the_label_of_its_middle_and_ends_within_its_recording(clips_of, arrays):
    labels = np.zeros(60, np.int8)
    labels[4:] = 1
    arrays = {name: array for name, array in arrays.items() if name != "labels"}
    windows = Dataset(title="", file="", root="hip", top="neck", window=5, stride=2, epochs=1)
    clips = clips_of(arrays | {"frame_labels": labels}, windows)
    assert clips.first[:4].tolist() == [0, 2, 4, 10]
    assert clips.labels[:3].tolist() == [0, 1, 1]


def test_nobody_is_trained_on_and_tested(clips_of, arrays):
    (fold,) = make_folds(clips_of(arrays), DATASET)
    assert (fold.train, fold.test) == (frozenset("13"), frozenset("2"))
    with pytest.raises(SplitError, match=r"in both \['2'\]"):
        Fold(train=frozenset("12"), test=frozenset("2"))
    with pytest.raises(SplitError, match="others to test, got"):
        Fold(train=frozenset("12"), test=frozenset())


def test_one_training_subject_is_left_out_at_a_time(clips_of, arrays):
    (fold,) = make_folds(clips_of(arrays), DATASET)
    inner = [(sorted(some.train), sorted(some.test)) for some in fold.within()]
    assert inner == [(["3"], ["1"]), (["1"], ["3"])]


def test_names_are_not_divided_into_odd_and_even(clips_of, arrays):
    arrays["subjects"] = np.array(list("aabbcc"))
    with pytest.raises(SplitError, match=r"expected numbers, odd and even, got \['a', 'b', 'c'\]"):
        make_folds(clips_of(arrays), DATASET)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"edges": np.array([[0, 3]])}, r"edges: expected pairs of joints 0\.\.2"),
        ({"lengths": np.full(6, 9)}, "lengths: expected two at least and 60 together, got a sum"),
        ({"lengths": np.zeros(0, int)}, "lengths: expected two at least"),
        ({"labels": np.arange(6)}, r"labels: expected integers 0\.\.1, got int64 0\.\.5"),
        ({"subjects": np.arange(5)}, r"subjects: expected \[6\], got \[5\]"),
        ({"frames": np.zeros((60, 4, 3))}, r"expected float \[F, 3, 3\], got float64\[60, 4, 3\]"),
        ({"frames": np.full((60, 3, 3), np.nan)}, "frames: expected numbers, got NaN .* in 60"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(save, arrays, change, reason):
    with pytest.raises(DatasetError, match=reason):
        read_recordings(save(arrays | change))


@pytest.mark.parametrize("name", ["edges", "labels", "fps"])
def test_what_a_file_lacks_is_named(save, arrays, name):
    arrays.pop(name)
    with pytest.raises(DatasetError, match=f"expected {name}.*, got"):
        read_recordings(save(arrays))


@pytest.mark.parametrize("content", [None, b"no zip", b"PK\x03\x04 cut off"])
def test_a_file_that_is_absent_or_damaged_is_refused(tmp_path, content):
    path = tmp_path / "some.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatasetError, match="expected an npz file of skeletons"):
        read_recordings(path)


def test_a_skeleton_without_the_joint_it_is_scaled_by_is_refused(clips_of, arrays):
    arrays["joint_names"] = np.array(["hip", "head", "hand"])
    with pytest.raises(DatasetError, match="expected neck among them, got hip, head, hand"):
        clips_of(arrays)


def test_labels_of_frames_are_not_taken_for_those_of_recordings(clips_of, arrays):
    windows = Dataset(title="", file="x.npz", root="hip", top="neck", window=5, epochs=1)
    with pytest.raises(DatasetError, match=r"x\.npz: expected frame_labels"):
        clips_of(arrays, windows)
