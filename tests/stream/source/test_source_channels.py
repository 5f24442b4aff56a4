"""Which channels are heard apart: real speech laid out as people record it."""

import subprocess

import av
import numpy as np
import pytest

from engines.spec.frame import SOUND_RATE_HZ
from stream.config import SourceConfig
from stream.source.address import parse_sources
from stream.source.channels import are_two_voices, hears_apart
from stream.source.sound import SoundTrack

LENGTH = 12 * SOUND_RATE_HZ


def decoded(path):
    track, out = SoundTrack(), []
    with av.open(path) as file:
        for frame in file.decode(audio=0):
            out += track.add(frame, frame.time)
    return np.concatenate([stretch.samples for stretch in out + track.flush()])


def laid(*parts):
    """Sound with a part in it from each time on."""
    whole = np.zeros(LENGTH, np.float32)
    for at_s, part in parts:
        at = round(at_s * SOUND_RATE_HZ)
        kept = part[: LENGTH - at]
        whole[at : at + len(kept)] += kept
    return whole


def noise(level_db, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 10 ** (level_db / 20), LENGTH).astype(np.float32)


def in_a_hall(voice, seed):
    """A voice with the echoes of one place in a hall."""
    rng = np.random.default_rng(seed)
    echo = rng.normal(0, 1, SOUND_RATE_HZ) * np.exp(-np.linspace(0, 7, SOUND_RATE_HZ))
    echo /= np.sqrt(np.square(echo).sum())
    size = 1 << 18
    spectrum = np.fft.rfft(voice, size) * np.fft.rfft(echo, size)
    return np.fft.irfft(spectrum, size)[:LENGTH].astype(np.float32)


@pytest.fixture(scope="module")
def speech(media):
    """One who speaks for 11 s, and another who says a short sentence."""
    loud, short = (
        decoded(media / "audio" / name) for name in ("jfk.flac", "librispeech_6930-75918-0000.flac")
    )
    return laid((0, loud / 4)), short


@pytest.fixture(scope="module")
def layouts(speech):
    """Left and right, as somebody may have recorded them."""
    one, short = speech
    other = laid((1, short), (7, short))
    by_turns = laid((0, short), (8, short)), laid((4, short[::-1]))
    delayed = np.roll(one, 160)
    bleed = 10 ** (-20 / 20)
    return {
        "both at once": (one, other),
        "both at once, in noise": (one + noise(-55, 1), other + noise(-55, 2)),
        "by turns": by_turns,
        "one voice in both": (one, one),
        "one voice nearer to the left": (one, one * 0.3),
        "one voice, 10 ms later on the right": (one, delayed),
        "one voice in a hall, two microphones": (in_a_hall(one, 1), in_a_hall(one, 2)),
        "one voice, and nobody": (one, np.zeros_like(one)),
        "one voice, and noise": (one, noise(-40, 1)),
        "applause": (noise(-20, 1), noise(-20, 2)),
        "silence": (np.zeros_like(one), np.zeros_like(one)),
        "each faintly in the other's microphone": (
            one + bleed * np.roll(other, 40),
            other + bleed * np.roll(one, 40),
        ),
    }


@pytest.mark.parametrize("layout", ["both at once", "both at once, in noise", "by turns"])
def test_a_voice_in_each_channel_is_two_voices(layouts, layout):
    assert are_two_voices(np.stack(layouts[layout]))
    assert are_two_voices(np.stack(layouts[layout][::-1]))


@pytest.mark.parametrize(
    "layout",
    [
        "one voice in both",
        "one voice nearer to the left",
        "one voice, 10 ms later on the right",
        "one voice in a hall, two microphones",
        "one voice, and nobody",
        "one voice, and noise",
        "applause",
        "silence",
        "each faintly in the other's microphone",
    ],
)
def test_anything_else_is_not(layouts, layout):
    assert not are_two_voices(np.stack(layouts[layout]))
    assert not are_two_voices(np.stack(layouts[layout][::-1]))


def test_no_sound_is_no_voice():
    assert not are_two_voices(np.zeros((2, 0), np.float32))


@pytest.mark.parametrize(
    ("name", "apart"),
    [
        ("audio/stereo_diarization.wav", True),
        ("audio/jfk.flac", False),  # the same in both
        ("audio/multilingual.mp3", False),  # mono
        ("faces/no_face.mp4", False),  # music in stereo
        ("faces/WolfgangLanger_Pexels.mp4", False),  # silence
        ("faces/astronaut.png", False),
        *(
            (f"grid/{name}.mpg", False)
            for name in ("bbaf2n", "brbk7n", "lbax4n", "pwij3p", "sbwe5n", "swiz3n")
        ),
    ],
)
def test_a_file_is_looked_at(media, name, apart):
    (spec,) = parse_sources([str(media / name)])
    assert hears_apart(spec, SourceConfig()) == apart
    assert hears_apart(spec, SourceConfig(channels="apart"))
    assert not hears_apart(spec, SourceConfig(channels="mix"))


@pytest.mark.parametrize("address", ["rtsp://127.0.0.1:1/x", "http://127.0.0.1:1/x.mp4"])
def test_what_comes_over_a_network_is_mixed_unless_told(address):
    (spec,) = parse_sources([address])
    assert not hears_apart(spec, SourceConfig())
    assert hears_apart(spec, SourceConfig(channels="apart"))


# --------------------------------------------------------------------------- what a source yields


async def test_both_channels_come_with_the_same_times(collect, media):
    got = await collect(media / "audio/stereo_diarization.wav")
    left, right = ([s for s in got.sounds if s.channel == channel] for channel in (0, 1))
    assert len(left) + len(right) == len(got.sounds)
    assert [(s.time_s, len(s.samples)) for s in left] == [(s.time_s, len(s.samples)) for s in right]
    for channel in (left, right):
        assert sum(len(s.samples) for s in channel) == 5 * SOUND_RATE_HZ
        assert not any(s.samples.flags.writeable for s in channel)
    late = np.concatenate([s.samples for s in right if s.time_s > 3.2])
    assert not late.any()  # she had ended; nothing of him is in her channel


async def test_mixed_they_are_their_mean(collect, media):
    mix, apart = [
        (await collect(media / "audio/stereo_diarization.wav", channels=channels)).sounds
        for channels in ("mix", "apart")
    ]
    assert {s.channel for s in mix} == {None}
    left, right = (np.concatenate([s.samples for s in apart if s.channel == c]) for c in (0, 1))
    whole = np.concatenate([s.samples for s in mix])
    np.testing.assert_allclose(whole, (left + right) / 2, atol=1e-4)


@pytest.mark.parametrize("name", ["audio/librispeech_6930-75918-0000.flac", "audio/jfk.flac"])
async def test_a_file_without_two_voices_is_what_it_was(collect, media, name):
    auto, mix = [
        (await collect(media / name, channels=channels)).sounds for channels in ("auto", "mix")
    ]
    assert {s.channel for s in auto} == {None}
    assert [s.time_s for s in auto] == [s.time_s for s in mix]
    for a, b in zip(auto, mix, strict=True):
        np.testing.assert_array_equal(a.samples, b.samples)


async def test_mono_and_surround_are_mixed_even_if_told_apart(collect, media, tmp_path, need_tool):
    surround = tmp_path / "surround.flac"
    source = media / "audio/jfk.flac"
    command = [need_tool("ffmpeg"), "-v", "error", "-i", str(source), "-ac", "6", str(surround)]
    subprocess.run(command, check=True)
    for path in (surround, media / "audio/librispeech_6930-75918-0000.flac"):
        got = await collect(path, channels="apart")
        assert {s.channel for s in got.sounds} == {None}


async def test_a_hole_is_in_both_channels(collect, media, tmp_path, need_tool):
    clip = tmp_path / "hole.mkv"
    command = [
        *(need_tool("ffmpeg"), "-v", "error", "-i", str(media / "audio/stereo_diarization.wav")),
        *("-af", "asetpts='PTS+if(gte(N,50),1,0)/TB'", "-c:a", "flac", str(clip)),
    ]
    subprocess.run(command, check=True)
    got = await collect(clip, channels="apart")
    (gap,) = got.gaps("audio")
    assert gap.lost_s == pytest.approx(1.0, abs=0.05)
    for channel in (0, 1):
        after = [s for s in got.sounds if s.channel == channel and s.time_s > gap.end_s - 0.01]
        assert after[0].time_s == pytest.approx(gap.end_s, abs=1e-3)
