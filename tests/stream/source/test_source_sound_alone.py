"""Sources without a picture, and sources of which only the sound is wanted."""

import numpy as np
import pytest

from stream.errors import SourceFormatError
from stream.source.decode import Decoder

RATE_HZ = 16_000
JFK_S = 11.0


def heard_s(got):
    return sum(len(sound.samples) for sound in got.sounds) / RATE_HZ


@pytest.fixture
def jfk(media):
    return media / "audio/jfk.flac"


@pytest.fixture
def encoded(ffmpeg, jfk):
    """Encode the speech anew, in the format that a name asks for."""
    return lambda name, *options: ffmpeg("-i", jfk, *options, name)


async def test_a_recording_gives_its_sound_and_says_that_it_has_no_picture(collect, jfk):
    got = await collect(jfk)
    assert got.states("video") == ["waiting", "absent"]
    assert "it has no picture, only sound" in {getattr(item, "detail", None) for item in got}
    assert got.states("audio") == ["waiting", "ok", "ended"]
    assert heard_s(got) == pytest.approx(JFK_S, abs=0.001)
    assert got.sounds[0].time_s == 0
    assert not got.frames + got.gaps() + got.gaps("audio")


@pytest.mark.parametrize("name", ["a.mp3", "a.m4a", "a.opus", "a.ogg", "a.wav", "a.ts", "a.mka"])
async def test_all_the_sound_of_a_recording_comes_in_every_format(collect, encoded, name):
    got = await collect(encoded(name, *(["-c:a", "mp2"] if name == "a.ts" else [])))
    assert heard_s(got) == pytest.approx(JFK_S, abs=0.06)
    assert not got.gaps("audio")
    assert got.states("audio")[-1] == "ended"


@pytest.mark.parametrize("name", ["song.flac", "song.mp3", "song.m4a"])
async def test_the_cover_of_an_album_is_no_picture(collect, ffmpeg, jfk, name):
    cover = ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x48", "-frames:v", 1, "cover.png")
    path = ffmpeg(
        *("-i", jfk, "-i", cover, "-map", 0, "-map", 1),
        *("-c:v", "copy", "-disposition:v", "attached_pic", name),
    )
    got = await collect(path)
    assert not got.frames
    assert got.states("video") == ["waiting", "absent"]
    assert heard_s(got) == pytest.approx(JFK_S, abs=0.06)


async def test_a_cover_that_is_not_called_one_is_one_picture_beside_all_the_sound(
    collect, ffmpeg, jfk
):
    path = ffmpeg(
        *("-i", jfk, "-f", "lavfi", "-i", "testsrc=size=64x48:rate=1:duration=1"),
        *("-map", 0, "-map", 1, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "still.mp4"),
    )
    got = await collect(path)
    assert len(got.frames) == 1
    assert heard_s(got) == pytest.approx(JFK_S, abs=0.06)


async def test_of_a_film_the_sound_alone_is_the_same_sound(collect, media):
    film = media / "grid/bbaf2n.mpg"
    whole, sound = await collect(film), await collect(film, pictures=False)
    assert not sound.frames
    assert sound.states("video") == ["waiting", "absent"]
    assert sound.states("audio") == ["waiting", "ok", "ended"]
    assert len(sound.sounds) == len(whole.sounds)
    for one, other in zip(sound.sounds, whole.sounds, strict=True):
        assert one.time_s == pytest.approx(other.time_s, abs=1e-6)
        assert np.array_equal(one.samples, other.samples)


async def test_where_the_sound_alone_is_wanted_no_packet_of_the_picture_is_decoded(
    collect, media, monkeypatch
):
    kinds = []
    decode = Decoder.decode
    monkeypatch.setattr(
        Decoder,
        "decode",
        lambda self, packet: kinds.append(packet.stream.type) or decode(self, packet),
    )
    await collect(media / "grid/bbaf2n.mpg", pictures=False)
    assert set(kinds) == {"audio"}


async def test_sound_alone_is_sound_even_where_a_profile_has_none(collect, media):
    got = await collect(media / "grid/bbaf2n.mpg", pictures=False, sound=False)
    assert heard_s(got) > 2.9


async def test_a_film_without_sound_is_refused_where_sound_alone_is_wanted(collect, media):
    with pytest.raises(SourceFormatError, match="has no sound: it has only video") as caught:
        await collect(media / "faces/carphone_pristine.mp4", pictures=False)
    assert "\n" not in str(caught.value)


async def test_a_recording_of_which_the_sound_is_not_wanted_has_nothing(collect, jfk):
    with pytest.raises(SourceFormatError, match="has no picture: it has only audio"):
        await collect(jfk, sound=False)


async def test_a_recording_that_was_cut_off_says_so(collect, jfk, tmp_path):
    path = tmp_path / "half.flac"
    path.write_bytes(jfk.read_bytes()[: jfk.stat().st_size // 2])
    got = await collect(path)
    (gap,) = got.gaps("audio")
    assert gap.reason == "corrupt"
    assert gap.end_s == pytest.approx(JFK_S)
    assert gap.start_s == pytest.approx(heard_s(got), abs=0.01)


async def test_sound_comes_at_its_own_pace(collect, ffmpeg):
    path = ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "tone.wav")
    got = await collect(path, pace="realtime")
    start_s = got.sounds[0].arrived_s
    for sound in got.sounds[:-1]:  # the last is the rest of the resampler
        assert sound.arrived_s - start_s >= sound.time_s - 0.001


async def test_a_pattern_of_sound_needs_no_picture(collect):
    got = await collect("lavfi:sine=frequency=440:duration=1")
    assert heard_s(got) == pytest.approx(1.0, abs=0.01)
