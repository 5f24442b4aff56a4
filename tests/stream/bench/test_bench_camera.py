import time

import av
import numpy as np
import pytest

from stream.bench.burnt_code import read_moment
from stream.bench.camera import PICTURES, Camera, first_pictures, open_camera
from stream.errors import SourceFormatError


def test_every_picture_of_the_camera_carries_the_moment_at_which_it_was_drawn(media, tmp_path):
    before_s = time.monotonic()
    with open_camera(media / "grid/bbaf2n.mpg", str(tmp_path / "out.ts")) as camera:
        assert (camera.play(0.2), camera.play(0.2)) == (5, 10)
    after_s = time.monotonic()
    with av.open(str(tmp_path / "out.ts")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    moments = [read_moment(frame, after_s) for frame in frames]
    assert len(moments) == 10
    assert moments == sorted(set(moments))
    assert before_s - 1e-3 <= moments[0]
    assert moments[-1] <= after_s


def test_the_pictures_are_few_even_and_those_of_the_film(media):
    pictures = first_pictures(media / "grid/bbaf2n.mpg")
    assert len(pictures) == PICTURES
    assert {picture.shape for picture in pictures} == {(512, 640, 3)}


def test_the_camera_goes_to_and_fro(tmp_path):
    pictures = [np.full((64, 320, 3), value, np.uint8) for value in (0, 60, 120, 180)]
    path = str(tmp_path / "out.ts")
    with av.open(path, "w", format="mpegts") as out:
        Camera(pictures, out).play(8 / 25)
    with av.open(path) as film:
        shown = [int(f.to_ndarray(format="rgb24")[50:].mean()) for f in film.decode(video=0)]
    assert np.allclose(shown, [0, 60, 120, 180, 120, 60, 0, 60], atol=6)


def test_what_has_no_picture_is_refused(librivox):
    sound = next(librivox.glob("*.wav"))
    with pytest.raises(SourceFormatError, match="no pictures for the camera"):
        first_pictures(sound)
