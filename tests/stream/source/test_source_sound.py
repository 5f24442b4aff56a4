import itertools

import av
import numpy as np
import pytest

from stream.source.sound import SLACK_S, SoundTrack

RATE_HZ = 16_000


def beep(rate, at_s, total_s=1.0, length_s=0.1):
    """Silence with a beep of 1 kHz in it."""
    time_s = np.arange(round(total_s * rate)) / rate
    on = (time_s >= at_s) & (time_s < at_s + length_s)
    return np.where(on, 0.5 * np.sin(2 * np.pi * 1000 * (time_s - at_s)), 0).astype(np.float32)


def frames(samples, rate, layout="mono", format_="fltp", size=1024):
    channels = len(av.AudioLayout(layout).channels)
    for at in range(0, len(samples), size):
        part = np.tile(samples[at : at + size], (channels, 1))
        if format_.startswith("s16"):
            part = (part * 32767).astype(np.int16)
        if not format_.endswith("p"):
            part = part.T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(part), format=format_, layout=layout
        )
        frame.sample_rate, frame.pts = rate, at
        yield at / rate, frame


def resample(*parts):
    """Resample (time, frame) pairs; return the stretches."""
    track = SoundTrack()
    out = []
    for time_s, frame in itertools.chain(*parts):
        out += track.add(frame, time_s)
    return out + track.flush()


def onset_s(stretches):
    for stretch in stretches:
        loud = np.flatnonzero(np.abs(stretch.samples) > 0.2)
        if len(loud):
            return stretch.time_s + loud[0] / RATE_HZ
    pytest.fail("nothing is heard")


@pytest.mark.parametrize(
    ("rate", "layout", "format_"),
    [
        (48_000, "stereo", "fltp"),
        (44_100, "mono", "s16"),
        (8_000, "mono", "s16"),
        (22_050, "5.1", "fltp"),
        (16_000, "mono", "flt"),
        (96_000, "stereo", "s16p"),
    ],
)
def test_a_beep_stays_where_it_was_to_the_sample(rate, layout, format_):
    out = resample(frames(beep(rate, 0.5), rate, layout, format_))
    samples = np.concatenate([stretch.samples for stretch in out])
    reference = beep(RATE_HZ, 0.5)
    lags = range(-8, 9)
    likeness = [np.dot(samples[100:-100], np.roll(reference, lag)[100:-100]) for lag in lags]
    assert abs(lags[int(np.argmax(likeness))]) <= 1
    assert len(samples) == pytest.approx(RATE_HZ, abs=2)
    assert samples.max() == pytest.approx(0.5, abs=0.02)


def test_sound_is_mono_float_in_range_and_read_only():
    loud = np.ones(4096, np.float32)
    for stretch in resample(frames(loud, 48_000, "stereo")):
        assert stretch.samples.dtype == np.float32
        assert stretch.samples.ndim == 1
        assert np.abs(stretch.samples).max() <= 1
        assert not stretch.samples.flags.writeable


def test_stretches_follow_each_other_without_seam():
    out = resample(frames(beep(44_100, 0.2), 44_100))
    ends = [s.time_s + len(s.samples) / RATE_HZ for s in out]
    assert [s.time_s for s in out[1:]] == pytest.approx(ends[:-1], abs=1e-9)


def test_a_hole_stays_a_hole():
    before = [(t, f) for t, f in frames(beep(48_000, 0.2, 0.5), 48_000)]
    after = [(t + 3.0, f) for t, f in frames(beep(48_000, 0.1, 0.5), 48_000)]
    out = resample(before, after)
    heard_s = sum(len(stretch.samples) for stretch in out) / RATE_HZ
    assert heard_s == pytest.approx(1.0, abs=0.002)
    late = [stretch for stretch in out if stretch.time_s > 1]
    assert late[0].time_s == 3.0
    assert onset_s(late) == pytest.approx(3.1, abs=0.001)


def test_jitter_of_timestamps_moves_no_sample():
    rng = np.random.default_rng(3)
    jittered = [
        (max(t + rng.uniform(-0.001, 0.001), 0.0), f) for t, f in frames(beep(48_000, 0.5), 48_000)
    ]
    jittered[0] = (0.0, jittered[0][1])
    assert onset_s(resample(jittered)) == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize(("rate", "layout"), [(44_100, "mono"), (48_000, "stereo")])
def test_a_change_of_rate_or_layout_is_followed(rate, layout):
    first = list(frames(beep(48_000, 0.2, 0.5), 48_000))
    second = [(t + 0.5, f) for t, f in frames(beep(rate, 0.2, 0.5), rate, layout)]
    start_s = first[-1][0] + first[-1][1].samples / 48_000
    second = [(t - 0.5 + start_s, f) for t, f in second]
    out = resample(first, second)
    assert onset_s([s for s in out if s.time_s > 0.45]) == pytest.approx(start_s + 0.2, abs=0.001)


def test_what_was_heard_is_not_heard_again_where_timestamps_go_back_a_little():
    first = list(frames(beep(48_000, 0.2, 0.5), 48_000))
    again = [(t + 0.4, f) for t, f in frames(beep(48_000, 0.3, 0.5), 48_000)]
    out = resample(first, again)
    ends = [s.time_s + len(s.samples) / RATE_HZ for s in out]
    assert all(nxt.time_s >= end - 1 / RATE_HZ for end, nxt in zip(ends, out[1:], strict=False))


def test_a_lost_packet_is_more_than_the_slack():
    assert SLACK_S < 1024 / 48_000
