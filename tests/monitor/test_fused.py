"""What the shipped network makes of a face and of words, live, with the real engines."""

import statistics
import subprocess

import pytest

CLIP = "faces/WolfgangLanger_Pexels.mp4"  # grave at first, beaming from the eleventh second on
NO_BODY = ("--set", "perception.keypoints.model=null")
GOOD = "I love this. It was a wonderful day and I am so happy and grateful."
BAD = "I hate this. It was a terrible, horrible day and I am so sad and angry."


@pytest.fixture
def said(tmp_path):
    """Return a transcript in which something is said by a media time."""

    def write(text, *, by_s):
        path = tmp_path / "said.vtt"
        cue = f"00:{by_s - 2:06.3f} --> 00:{by_s:06.3f}"
        path.write_text(f"WEBVTT\n\n{cue}\n{text}\n", encoding="utf-8")
        return ("--transcript", path)

    return write


@pytest.fixture
def cut(tmp_path, media, need_tool):
    """Return a part of the clip, at so many frames a second, without loss."""

    def make(*, start_s=0.0, for_s=20.0, rate_hz=24):
        path = tmp_path / f"clip{rate_hz}.mp4"
        wanted = ["-ss", start_s, "-t", for_s, "-i", media / CLIP, "-an", "-vf", f"fps={rate_hz}"]
        lossless = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", 0, path]
        command = [need_tool("ffmpeg"), "-v", "error", "-y", *wanted, *lossless]
        subprocess.run([*map(str, command)], check=True)
        return path

    return make


def fused(readings):
    return [reading for reading in readings if reading["fused"] is not None]


def valence(readings, start_s, end_s):
    chosen = [r for r in fused(readings) if start_s < r["window"]["end_s"] <= end_s]
    assert chosen, f"nothing is fused between {start_s} and {end_s} s"
    return statistics.mean(r["fused"]["valence"] for r in chosen)


@pytest.mark.parametrize(("text", "sign"), [(GOOD, 1), (BAD, -1)])
def test_clear_words_are_read_with_the_face_masked(run_monitor, cut, said, text, sign):
    run = run_monitor(
        cut(for_s=4), *said(text, by_s=2), *NO_BODY, "--set", "network.masked=[image]"
    )
    before = [r for r in run.readings if r["window"]["end_s"] < 2]
    assert before
    assert {r["abstained"]["fused"] for r in before} == {"no_evidence"}
    # from nothing, which is a valence of zero
    assert sign * valence(run.readings, 2.5, 4.1) >= 0.5
    assert run.readings[-1]["modalities"]["image"]["state"] == "masked"
    assert run.readings[-1]["modalities"]["text"] == {"state": "ok", "share": 1.0}


def test_a_smile_and_bitter_words_contradict_each_other(run_monitor, cut, said):
    run = run_monitor(cut(start_s=14, for_s=5), *said(BAD, by_s=2.5), *NO_BODY)
    after = [r for r in run.readings if r["window"]["end_s"] > 3.1]
    before = [r for r in run.readings if 1 < r["window"]["end_s"] < 2.4]
    assert min(r["contradiction"] for r in after) > 0.4
    assert max(r["contradiction"] for r in before) < 0.2
    shares = after[-1]["modalities"]
    assert shares["text"]["share"] > 0
    assert sum(part["share"] for part in shares.values()) == pytest.approx(1, abs=1e-5)


def test_with_nothing_to_see_or_hear_it_abstains(run_monitor, media):
    run = run_monitor(media / "faces/no_face.mp4", *NO_BODY)
    assert not fused(run.readings)
    assert {r["abstained"]["fused"] for r in run.readings} <= {"nobody", "no_evidence"}
    assert all(r["contradiction"] is None for r in run.readings)


def test_the_frame_rate_hardly_changes_what_is_fused(run_monitor, cut):
    """Issue: at 25, 12 and 8 analysed frames a second, within 0.05 of each other."""
    read = {}
    for rate_hz in (25, 12, 8):
        run = run_monitor(cut(start_s=8, for_s=6, rate_hz=rate_hz), *NO_BODY)
        read[rate_hz] = {
            round(r["window"]["end_s"], 2): r["fused"]["probabilities"] for r in fused(run.readings)
        }
    for rate_hz in (12, 8):
        compared = 0
        for end_s, probabilities in read[rate_hz].items():
            nearest_s = min(read[25], key=lambda other_s: abs(other_s - end_s))
            if abs(nearest_s - end_s) > 0.09:
                continue
            compared += 1
            for name, probability in probabilities.items():
                assert abs(probability - read[25][nearest_s][name]) <= 0.05, (rate_hz, end_s)
        assert compared >= 8
