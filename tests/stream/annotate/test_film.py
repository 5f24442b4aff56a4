import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from stream.annotate.film import Film
from stream.errors import AnnotatedVideoError

START_S = 3.0


@pytest.fixture
def film(tmp_path, grey):
    """Open a film of 160 x 120."""

    def make(name="film.mp4", *, has_sound=True, height=120, width=160):
        path = tmp_path / name
        return path, Film(path, height=height, width=width, start_s=START_S, has_sound=has_sound)

    return make


def test_every_picture_lies_at_its_own_time(film, grey, played):
    path, out = film(has_sound=False)
    times = [0.0, 0.04, 0.041, 0.3, 1.7, 1.75]  # a camera that stutters, and a gap
    for level, time_s in enumerate(times):
        out.show(grey(40 * level), START_S + time_s)
    out.close()
    film_of = played(path)
    assert film_of.times == pytest.approx(times, abs=1e-4)
    assert [picture.mean() for picture in film_of.pictures] == pytest.approx(
        [40 * level for level in range(6)], abs=3
    )
    assert film_of.samples is None


def test_colours_come_back(film, played):
    path, out = film(has_sound=False)
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[:, :80], picture[:, 80:] = (200, 60, 30), (30, 90, 210)
    out.show(picture, START_S)
    out.close()
    (shown,) = played(path).pictures
    assert np.abs(shown[:, 10:70].mean((0, 1)) - (200, 60, 30)).max() < 4
    assert np.abs(shown[:, 90:150].mean((0, 1)) - (30, 90, 210)).max() < 4


def test_sound_and_picture_stay_together(film, grey, tone, played):
    path, out = film()
    for step in range(100):  # the picture turns white, and it gets loud, after one second
        time_s = START_S + step * 0.04
        out.show(grey(250 if step >= 25 else 10), time_s)
        if step >= 25:
            out.hear(tone(time_s, 0.04))
    out.close()
    film_of = played(path)
    bright = [picture.mean() > 128 for picture in film_of.pictures]
    assert film_of.times[bright.index(True)] == pytest.approx(1.0, abs=1e-4)
    assert film_of.loud_s() == pytest.approx(1.0, abs=0.005)
    assert film_of.sound_s == pytest.approx(4.0, abs=0.07)


def test_a_hole_in_the_sound_is_silence_of_its_length(film, grey, tone, played):
    path, out = film()
    out.show(grey(), START_S)
    out.hear(tone(START_S, 0.5))
    out.hear(tone(START_S + 2.0, 0.5))
    out.show(grey(), START_S + 2.5)
    out.close()
    loud = np.abs(played(path).samples) > 0.05
    assert not loud[16_000 * 6 // 10 : 16_000 * 19 // 10].any()
    assert loud[16_000 * 205 // 100 : 16_000 * 245 // 100].mean() > 0.5


def test_sound_from_before_the_first_picture_is_left_out(film, grey, tone, played):
    path, out = film()
    out.show(grey(), START_S)
    out.hear(tone(START_S - 1.0, 0.5))
    out.hear(tone(START_S - 0.1, 0.2))
    out.show(grey(), START_S + 0.2)
    out.close()
    loud = np.abs(played(path).samples) > 0.05
    assert loud[:1500].mean() > 0.5
    assert not loud[16_000 * 15 // 100 :].any()


def test_sound_that_comes_twice_is_heard_once(film, grey, tone, played):
    path, out = film()
    out.show(grey(), START_S)
    for _ in range(2):
        out.hear(tone(START_S, 0.5))
    out.close()
    assert played(path).sound_s == pytest.approx(0.5, abs=0.07)


@pytest.mark.parametrize("heard", [(0, 1), (0,), (1,)])
def test_channels_that_are_heard_apart_are_mixed_and_one_alone_is_not_lost(
    film, grey, tone, played, heard
):
    path, out = film()
    out.show(grey(), START_S)
    for step in range(10):
        sound = tone(START_S + step * 0.05, 0.05)
        for channel in (0, 1):
            samples = sound.samples if channel in heard else np.zeros_like(sound.samples)
            out.hear(replace(sound, samples=samples, channel=channel))
    out.hear(replace(tone(START_S + 0.5, 0.05), channel=0))  # the other one was dropped
    out.close()
    film_of = played(path)
    loudness = np.abs(film_of.samples[4000:7000]).max()
    assert loudness == pytest.approx(0.25 * len(heard), rel=0.2)
    assert film_of.sound_s == pytest.approx(0.55, abs=0.07)


def test_odd_sides_are_made_even_by_the_picture_itself(film, grey, played):
    path, out = film(has_sound=False, height=121, width=159)
    out.show(grey(200, 121, 159), START_S)
    out.close()
    (shown,) = played(path).pictures
    assert shown.shape == (122, 160, 3)
    assert np.abs(shown.astype(int) - 200).max() < 4


@pytest.mark.parametrize(("height", "width"), [(240, 320), (60, 200), (200, 60)])
def test_a_later_picture_of_another_size_is_fitted_in_on_black(film, grey, played, height, width):
    path, out = film(has_sound=False)
    out.show(grey(200), START_S)
    out.show(grey(200, height, width), START_S + 0.04)
    out.close()
    shown = played(path).pictures[1]
    assert shown.shape == (120, 160, 3)
    scale = min(120 / height, 160 / width)
    share = height * scale * width * scale / (120 * 160)
    assert (shown.min(2) > 128).mean() == pytest.approx(share, abs=0.04)


def test_times_that_repeat_do_not_break_the_film(film, grey, played):
    path, out = film(has_sound=False)
    for _ in range(3):
        out.show(grey(), START_S)
    out.close()
    assert len(played(path).times) == 3


def test_closing_twice_is_closing_once(film, grey, played):
    path, out = film(has_sound=False)
    out.show(grey(), START_S)
    out.close()
    out.close()
    assert len(played(path).times) == 1


@pytest.mark.parametrize("has_sound", [False, True])
def test_a_full_disk_is_named_in_one_line(tmp_path, grey, has_sound):
    path = tmp_path / "film.mp4"
    path.symlink_to("/dev/full")
    film = Film(path, height=120, width=160, start_s=START_S, has_sound=has_sound)
    with pytest.raises(AnnotatedVideoError, match=r"film\.mp4: .* written: No space left"):
        for step in range(200):
            film.show(grey(step), START_S + step / 25)
    film.close()


PROGRAM = """
import os, signal, sys
from pathlib import Path
import numpy as np
from stream.annotate.film import Film
film = Film(Path(sys.argv[1]), height=120, width=160, start_s=0.0, has_sound=False)
for k in range(300):
    film.show(np.random.default_rng(k).integers(0, 255, (120, 160, 3), np.uint8), k / 25)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_had_written_can_be_played(tmp_path, played):
    path = tmp_path / "film.mp4"
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    film_of = played(path)
    assert 150 <= len(film_of.times) < 300
    assert film_of.times[:3] == pytest.approx([0, 0.04, 0.08], abs=1e-4)
