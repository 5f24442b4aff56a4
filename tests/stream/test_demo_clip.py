import av
import pytest

from engines.errors import ModelMissingError
from engines.models.store import ModelStore
from stream.demo_clip import demo_clip


@pytest.fixture
def fresh(store, tmp_path):
    """A cache that has the two recordings and no clip yet."""
    for name in ("demo-picture", "demo-speech"):
        path = ModelStore(tmp_path).place(name)
        path.parent.mkdir(parents=True)
        path.symlink_to(store.path(name))
    return ModelStore(tmp_path)


def test_the_clip_has_the_frames_of_the_picture_and_the_length_of_it_in_sound(fresh):
    with av.open(demo_clip(fresh)) as clip, av.open(fresh.path("demo-picture")) as picture:
        times = [packet.pts for packet in clip.demux(video=0) if packet.size]
        originals = [packet.pts for packet in picture.demux(video=0) if packet.size]
        picture_s = float(picture.streams.video[0].duration * picture.streams.video[0].time_base)
        sound = clip.streams.audio[0]
        assert (clip.streams.video[0].codec.name, sound.codec.name) == ("h264", "aac")
        assert len(times) == len(originals)
        assert abs(float(sound.duration * sound.time_base) - picture_s) < 0.05


def test_the_clip_can_be_decoded_to_its_end_and_is_not_silent(fresh):
    with av.open(demo_clip(fresh)) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 472
        clip.seek(0)
        loudest = max(abs(frame.to_ndarray()).max() for frame in clip.decode(audio=0))
    assert loudest > 0.05


def test_the_clip_calls_itself_a_montage(fresh):
    with av.open(demo_clip(fresh)) as clip:
        assert "montage" in clip.metadata["title"]


def test_the_clip_is_made_once(fresh):
    first = demo_clip(fresh).stat()
    assert demo_clip(fresh).stat().st_ino == first.st_ino


@pytest.mark.parametrize("damage", ["clip", "note"])
def test_a_clip_that_is_not_as_it_was_written_is_made_again(fresh, damage):
    clip = demo_clip(fresh)
    beside = clip.with_name("montage.mp4.json")
    good = clip.read_bytes()
    if damage == "clip":
        clip.write_bytes(good[:1000])
    else:
        beside.write_text(beside.read_text().replace('"revision": 1', '"revision": 0'))
    inode = clip.stat().st_ino
    again = demo_clip(fresh)
    assert again.stat().st_size == len(good)
    assert again.stat().st_ino != inode
    assert sorted(path.name for path in clip.parent.iterdir()) == [
        "montage.mp4",
        "montage.mp4.json",
    ]


def test_without_the_recordings_the_command_that_brings_them_is_named(tmp_path):
    with pytest.raises(ModelMissingError, match="subface models pull demo-picture"):
        demo_clip(ModelStore(tmp_path))
