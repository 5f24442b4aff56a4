"""What fer's network says of faces, by OpenVINO on some of FER-2013's own pictures."""

import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.errors import ConfigError
from engines.perception.expression import PeerExpressions
from engines.spec.labels import EXPRESSIONS
from training.starter.faces import LabelledFaces, read_faces
from training.weak_to_strong.face_opinions import TEST, main, read_opinions, write_opinions


@pytest.fixture(scope="module")
def faces(media):
    some = np.zeros(3589, bool)
    some[:300] = True
    return read_faces(media.parent / "data" / TEST).where(some)


@pytest.fixture(scope="module")
def said(faces, need_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("said") / "fer.npz"
    with open_engine(need_model("fer-expression"), RuntimeConfig()) as engine:
        write_opinions(faces.images, PeerExpressions(engine), path)
    return path


def test_the_network_is_right_as_often_as_it_is_known_to_be(faces, said):
    opinions = read_opinions(said, faces.images)
    assert 0.5 < (opinions.hard == faces.labels).mean() < 0.68
    assert np.array_equal(np.unique(opinions.hard), np.arange(len(EXPRESSIONS)))


def test_what_was_said_follows_the_pixels_and_not_the_order(faces, said):
    forwards = read_opinions(said, faces.images)
    backwards = read_opinions(said, faces.images[::-1])
    assert np.array_equal(forwards.soft, backwards.soft[::-1])


def test_a_picture_that_nobody_was_asked_about_is_refused(faces, said):
    others = faces.images.copy()
    others[0] += 1
    with pytest.raises(ConfigError, match="nothing is said of 1 of 300 pictures"):
        read_opinions(said, others)


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "fer.npz").write_bytes(b"other")
    with pytest.raises(ConfigError, match="face_opinions"):
        read_opinions(tmp_path / "fer.npz", np.zeros((1, 48, 48), np.uint8))


def test_a_folder_without_pictures_is_named_in_one_line(need_model, tmp_path, capsys):
    need_model("fer-expression")
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "fer.npz")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "fer.npz").exists()


def test_a_picture_is_kept_once_whatever_its_copies_are_labelled():
    images = np.arange(3, dtype=np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    faces = LabelledFaces(images[[0, 1, 0, 2, 1]], np.array([3, 1, 4, 2, 1]))
    assert faces.once().labels.tolist() == [3, 1, 2]
