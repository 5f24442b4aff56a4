"""What a teacher is shown: frames by their times, words, and what is held back."""

import json

import cv2
import numpy as np
import pytest

from engines.perception.boxes import iou
from stream.meter import EngineMeter
from stream.profile import load_profile
from training.errors import DatasetError
from training.labelling.blur import FaceBlur
from training.labelling.frames import sample_frames

VTT = "WEBVTT\n\n00:00.100 --> 00:00.900\nCongratulations on the win, it was great\n"


def picture(jpeg):
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1), cv2.COLOR_BGR2RGB)


def test_frames_lie_in_the_middle_of_equal_parts(media):
    sampled = sample_frames(media / "grid" / "bbaf2n.mpg", count=6, side_px=768)
    assert sampled.duration_s == pytest.approx(3.0, abs=0.1)
    assert [shown.time_s for shown in sampled.pictures] == pytest.approx(
        [0.25, 0.75, 1.25, 1.75, 2.25, 2.75], abs=0.06
    )
    assert picture(sampled.pictures[0].jpeg).shape == (288, 360, 3)


def test_a_frame_is_made_as_small_as_asked(media):
    sampled = sample_frames(media / "faces" / "single_face.mp4", count=2, side_px=128)
    assert {max(picture(shown.jpeg).shape) for shown in sampled.pictures} == {128}


def test_more_frames_than_there_are_give_each_once(films):
    sampled = sample_frames(films[0], count=200, side_px=64)
    times_s = [shown.time_s for shown in sampled.pictures]
    assert 20 <= len(times_s) <= 60
    assert times_s == sorted(set(times_s))


def test_the_same_film_gives_the_same_bytes(films):
    assert sample_frames(films[0], count=3, side_px=64) == sample_frames(
        films[0], count=3, side_px=64
    )


@pytest.mark.parametrize("content", [b"", b"no film", b"\0" * 4000])
def test_what_is_no_film_is_refused(content, tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="film"):
        sample_frames(path, count=2, side_px=64)


def test_sound_alone_is_refused(media):
    with pytest.raises(DatasetError, match="no picture in it"):
        sample_frames(media / "audio" / "jfk.flac", count=2, side_px=64)


def test_a_clip_that_cannot_be_read_has_a_reason_and_the_others_go_on(
    teacher_server, clips, label, tmp_path
):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    code, table = label([broken, *clips(2)], server=teacher_server())
    assert code == 1
    assert [clip.status for clip in table.clips] == ["unreadable", "labelled", "labelled"]
    assert "broken.mp4" in table.clips[0].reason


@pytest.mark.parametrize(
    ("variant", "there", "absent"),
    [
        ("shown", ["Congratulations on the win", "it was great"], ["[MASK]"]),
        ("masked", ["[MASK]", "it was great"], ["Congratulations", "win,"]),
        ("none", ["not given what is said"], ["it was great"]),
    ],
)
def test_words_are_shown_masked_or_held_back(
    variant, there, absent, teacher_server, clips, label, tmp_path
):
    (tmp_path / "clip0.vtt").write_text(VTT)
    server = teacher_server()
    _, table = label(clips(1), server=server, transcripts=tmp_path, transcript=variant, samples=1)
    said = json.dumps(server.asked[0].turns[0])
    assert all(words in said for words in there)
    assert not [words for words in absent if words in said]
    assert table.clips[0].transcript == variant


def test_a_clip_without_its_words_is_named_before_anything_is_sent(
    teacher_server, clips, label, tmp_path
):
    server = teacher_server()
    with pytest.raises(DatasetError, match=r"clip0: no transcript: expected .*\.vtt"):
        label(clips(1), server=server, transcripts=tmp_path)
    assert not server.asked


@pytest.fixture
def perception(store):
    config = load_profile("embedded", ["perception.runtime.threads=1"]).perception
    meter = EngineMeter(config.runtime)
    with FaceBlur(config, store, meter.open) as blur:
        yield blur


def test_no_face_is_left_where_faces_are_blurred(media, perception):
    image = cv2.cvtColor(cv2.imread(str(media / "faces" / "multi_face.jpg")), cv2.COLOR_BGR2RGB)
    persons = perception._persons.detect(image)
    boxes = persons.boxes_xyxy[persons.scores >= 0.4]
    before = [face for face in perception._faces.find(image, boxes, [None] * len(boxes)) if face]
    assert before
    hidden = perception.hide(image)
    after = [face for face in perception._faces.find(hidden, boxes, [None] * len(boxes)) if face]
    assert len(after) < len(before)
    for face in before:
        box = face.mesh.box_xyxy[None]
        same = [iou(box, other.mesh.box_xyxy[None])[0, 0] for other in after]
        assert not [overlap for overlap in same if overlap > 0.3]
        x1, y1, x2, y2 = np.clip(face.mesh.box_xyxy, 0, None).astype(int)
        # what is left is a few flat cells
        colours = np.unique(hidden[y1:y2, x1:x2].reshape(-1, 3), axis=0)
        assert len(colours) < 60 < len(np.unique(image[y1:y2, x1:x2].reshape(-1, 3), axis=0))


def test_an_empty_picture_stays_as_it_is(perception):
    image = np.full((240, 320, 3), 90, np.uint8)
    assert (perception.hide(image) == image).all()


def test_the_model_is_told_that_faces_were_blurred(store, teacher_server, clips, label):
    server = teacher_server()
    _, table = label(clips(1), server=server, face="blurred", samples=1)
    assert "unrecognisable on purpose" in json.dumps(server.asked[0].turns[0])
    assert table.clips[0].face == "blurred"
