import numpy as np
import pytest

from engines.errors import ConfigError
from training.starter.faces import LabelledFaces, read_faces


@pytest.fixture
def faces():
    """300 pictures of noise, of which the last hundred are copies of the first."""
    random = np.random.default_rng(0)
    images = random.integers(256, size=(200, 48, 48), dtype=np.uint8)
    labels = random.integers(7, size=200)
    return LabelledFaces(
        np.concatenate([images, images[:100]]), np.concatenate([labels, labels[:100]])
    )


@pytest.fixture
def save(tmp_path):
    """Save arrays as an .npz file."""

    def write(**arrays):
        np.savez(tmp_path / "faces.npz", **arrays)
        return tmp_path / "faces.npz"

    return write


def test_each_picture_is_kept_once(faces):
    assert len(faces.consistent()) == 200


def test_copies_with_two_labels_and_pictures_of_one_grey_are_left_out(faces):
    labels, images = faces.labels.copy(), faces.images.copy()
    labels[200] = (labels[0] + 1) % 7
    images[150] = 128
    kept = LabelledFaces(images, labels).consistent()
    assert len(kept) == 198
    assert faces.digests()[0] not in kept.digests()


def test_copies_come_to_lie_on_the_same_side(faces):
    trained, chosen = faces.split()
    assert len(trained) + len(chosen) == 300
    assert 10 < len(chosen) < 60
    assert not set(trained.digests()) & set(chosen.digests())


def test_the_slice_is_the_same_in_any_order(faces):
    order = np.random.default_rng(1).permutation(300)
    _, chosen = faces.split()
    _, again = LabelledFaces(faces.images[order], faces.labels[order]).split()
    assert sorted(chosen.digests()) == sorted(again.digests())


def test_what_another_file_has_too_is_left_out(faces):
    known = faces.where(np.arange(300) < 30)
    left = faces.without(known)
    assert len(left) == 300 - 2 * 30
    assert not set(left.digests()) & set(known.digests())


def test_a_file_is_read_as_it_was_written(save, faces):
    read = read_faces(save(images=faces.images, labels=faces.labels.astype(np.uint8)))
    assert (read.images == faces.images).all()
    assert (read.labels == faces.labels).all()
    assert not read.images.flags.writeable


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"images": np.zeros((2, 48, 48), np.uint8)}, "expected an npz file with images and lab"),
        (
            {"images": np.zeros((2, 48, 48)), "labels": np.zeros(2, int)},
            r"images: expected uint8 \[N, 48, 48\], got float64\[2, 48, 48\]",
        ),
        (
            {"images": np.zeros((2, 48, 48), np.uint8), "labels": np.zeros(3, int)},
            r"labels: expected 2 integers, got int64\[3\]",
        ),
        (
            {"images": np.zeros((2, 48, 48), np.uint8), "labels": np.array([0, 7])},
            r"labels: expected 0\.\.6 \(angry, .*\), got 0\.\.7",
        ),
    ],
)
def test_a_file_of_something_else_is_refused(save, arrays, reason):
    with pytest.raises(ConfigError, match=reason):
        read_faces(save(**arrays))


@pytest.mark.parametrize("content", [None, b"no zip", b"PK\x03\x04 cut off"])
def test_a_file_that_is_absent_or_damaged_is_refused(tmp_path, content):
    path = tmp_path / "faces.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="expected an npz file"):
        read_faces(path)
