"""What a film holds that is sent: the clip, small, and nothing that is held back."""

import io
import subprocess

import av
import numpy as np
import pytest

from stream.meter import EngineMeter
from stream.profile import load_profile
from training.errors import DatasetError
from training.labelling import film as film_module
from training.labelling.blur import FaceBlur
from training.labelling.film import PICTURES_HZ, make_film
from training.labelling.veil import AROUND, Veil


def made(path, **changed):
    return make_film(path, **{"side_px": 160, "hz": 1.0, "blur": None, "has_sound": True} | changed)


def opened(video):
    return av.open(io.BytesIO(video.mp4))


def pictures(video):
    with opened(video) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


@pytest.fixture(scope="module")
def spoken(media):
    return media / "grid" / "bbaf2n.mpg"


def test_a_film_is_as_long_as_its_clip_and_small(spoken):
    video = made(spoken)
    with opened(video) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, max(stream.width, stream.height)) == ("h264", 160)
        assert stream.frames == pytest.approx(video.duration_s * PICTURES_HZ, abs=2)
        assert film.duration / 1e6 == pytest.approx(video.duration_s, abs=0.2)
    assert video.duration_s == pytest.approx(3.0, abs=0.1)


def test_sound_is_kept_or_not_there_at_all(spoken):
    with opened(made(spoken)) as film:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in film.decode(audio=0)])
    assert np.abs(heard).max() > 0.05
    silent = made(spoken, has_sound=False)
    with opened(silent) as film:
        assert not film.streams.audio
    assert not silent.has_sound


def test_a_clip_without_sound_says_so(media):
    assert not made(media / "gestures" / "asl_gestures_no.mkv").has_sound


def test_the_same_clip_gives_the_same_bytes(spoken):
    assert made(spoken).digest == made(spoken).digest != made(spoken, has_sound=False).digest


def test_what_a_file_says_of_itself_stays_here(films, need_tool, tmp_path):
    marked = tmp_path / "marked.mp4"
    command = [need_tool("ffmpeg"), "-loglevel", "error", "-i", films[0], "-c", "copy"]
    command += ["-metadata", "location=+47.3769+008.5417/", "-metadata", "title=Anna Muster"]
    subprocess.run(list(map(str, [*command, marked])), check=True, timeout=30)
    assert b"Anna Muster" in marked.read_bytes()
    sent = made(marked).mp4
    assert b"Anna" not in sent
    assert b"47.3769" not in sent


@pytest.mark.parametrize("content", [b"", b"no film", b"\0" * 4000])
def test_what_is_no_film_is_refused(content, tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"clip\.mp4"):
        made(path)


def test_sound_alone_is_refused(media):
    with pytest.raises(DatasetError, match="no picture in it"):
        made(media / "audio" / "jfk.flac")


def test_a_clip_that_is_too_long_is_refused(spoken, monkeypatch):
    monkeypatch.setattr(film_module, "LONGEST_S", 2.0)
    with pytest.raises(DatasetError, match=r"3 s long: expected 2 s or less; cut it"):
        made(spoken)


class Flickering:
    """Finds what is in the corner in one picture of many."""

    def __init__(self):
        self.seen = 0

    def find(self, image):
        self.seen += 1
        return [np.array([0.0, 0.0, 32.0, 32.0])] if self.seen == 8 else []


def test_what_is_found_once_is_hidden_a_moment_before_and_after():
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    veil, shown = Veil(Flickering()), []
    for number in range(20):
        shown += veil.add(image, number / 10)
    shown += veil.finish()
    assert [time_s for _, time_s in shown] == [number / 10 for number in range(20)]
    hidden = [not np.array_equal(own, image) for own, _ in shown]
    assert hidden == [abs(number - 7) <= AROUND for number in range(20)]


def test_no_face_is_left_in_a_film(media, store):
    config = load_profile("embedded", ["perception.runtime.threads=1"]).perception
    clip = media / "faces" / "single_face.mp4"
    with FaceBlur(config, store, EngineMeter(config.runtime).open) as blur:
        before = pictures(made(clip, side_px=320))
        after = pictures(made(clip, side_px=320, blur=blur))
        assert len(after) == len(before)
        faces = [
            face for own in (before, after) for image in own[::6] for face in [_face(blur, image)]
        ]
    half = len(faces) // 2
    assert all(faces[:half])
    assert not any(faces[half:])


def _face(blur, image):
    found = blur._persons.detect(image)
    persons = found.boxes_xyxy[found.scores >= 0.4]
    return [face for face in blur._faces.find(image, persons, [None] * len(persons)) if face]
