"""`subface run --annotated`: the source again, with what was seen and read drawn on it."""

import av
import numpy as np
import pytest


def decoded(path):
    with av.open(path) as container:
        times = [frame.time for frame in container.decode(video=0)]
        sound = container.streams.best("audio")
        return times, None if sound is None else float(sound.duration * sound.time_base)


def test_a_file_comes_back_whole_with_its_sound_and_its_readings(media, run_monitor, tmp_path):
    clip, out = media / "faces/WolfgangLanger_Pexels.mp4", tmp_path / "out.mp4"
    run = run_monitor(clip, "--annotated", out)
    assert run.code == 0
    (before, sound_before), (after, sound_after) = decoded(clip), decoded(out)
    assert after == pytest.approx(before, abs=1e-3)
    assert sound_after == pytest.approx(sound_before, abs=0.1)
    (count,) = [c for c in run.summary["deliveries"] if c["edge"] == "out.mp4"]
    assert (count["received"], count["delivered"]) == (len(before), len(before))


def test_the_person_and_the_reading_are_on_the_picture(media, run_monitor, tmp_path):
    clip, out = media / "grid/bbaf2n.mpg", tmp_path / "out.mp4"
    run_monitor(clip, "--annotated", out)
    with av.open(clip) as one, av.open(out) as other:
        pairs = zip(one.decode(video=0), other.decode(video=0), strict=True)
        changed = [
            np.abs(
                b.to_ndarray(format="rgb24").astype(int) - a.to_ndarray(format="rgb24").astype(int)
            ).max(2)
            > 40
            for a, b in pairs
        ]
    assert all(mask[-20:].mean() > 0.3 for mask in changed)  # the foot
    assert np.mean([mask[: int(0.7 * len(mask))].any() for mask in changed]) > 0.95  # the person


def test_several_sources_get_a_video_each(media, run_monitor, tmp_path):
    sources = [f"{name}={media / 'grid' / clip}" for name, clip in TWO.items()]
    run_monitor(*sources, "--annotated", tmp_path / "out.mp4")
    for name in TWO:
        times, _ = decoded(tmp_path / f"out.{name}.mp4")
        assert len(times) == 75


TWO = {"left": "bbaf2n.mpg", "right": "brbk7n.mpg"}


def test_a_place_that_cannot_be_written_is_one_line_and_exit_1(
    run_monitor, media, tmp_path, capsys
):
    clip = media / "grid/bbaf2n.mpg"
    run = run_monitor(clip, "--annotated", tmp_path / "absent" / "out.mp4")
    assert run.code == 1
    assert not run.records
    assert "absent/out.mp4: the annotated video cannot be written" in capsys.readouterr().err
