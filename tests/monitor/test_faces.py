"""What the monitor says of the shared clips, each of which also fails if nothing is published."""

import gc
import statistics
from collections import Counter

import pytest

GRID = ("bbaf2n", "brbk7n", "lbax4n", "pwij3p", "sbwe5n", "swiz3n")


def with_surface(readings):
    return [reading for reading in readings if reading["surface"] is not None]


def valences(readings, start_s, end_s, of="surface"):
    return [
        r[of]["valence"]
        for r in readings
        if r[of] is not None and start_s < r["window"]["end_s"] <= end_s
    ]


def conserved(summary):
    edges = [edge for source in summary["sources"] for edge in source["edges"]]
    return all(e["received"] == e["delivered"] + sum(e["drops"].values()) for e in edges)


def test_an_actress_is_one_person_who_brightens(run_monitor, media):
    run = run_monitor(media / "faces/WolfgangLanger_Pexels.mp4")
    assert run.code == 0
    people = Counter(reading["person_id"] for reading in run.readings)
    assert people.most_common(1)[0][1] >= 0.95 * len(run.readings)
    end_s = run.readings[-1]["window"]["end_s"]
    sad = statistics.mean(valences(run.readings, 0, 6))
    joyful = statistics.mean(valences(run.readings, end_s - 3, end_s))
    assert joyful - sad >= 1.3
    assert conserved(run.summary)
    assert run.summary["sources"][0]["shots"] == 1
    # the fused reading of a face alone follows the face; nothing is made of her keypoints
    grave = statistics.mean(valences(run.readings, 0, 6, of="fused"))
    beaming = statistics.mean(valences(run.readings, end_s - 3, end_s, of="fused"))
    assert beaming - grave >= 0.5
    last = run.readings[-1]
    assert last["fused"]["construct"] == "expressed_valence"
    assert last["model"]["name"] == "starter"
    assert last["modalities"]["image"] == {"state": "ok", "share": 1.0}
    assert last["modalities"]["keypoints"] == {"state": "untrained", "share": 0.0}


def test_a_clip_without_a_face_gives_no_surface(run_monitor, media):
    run = run_monitor(media / "faces/no_face.mp4")
    assert not with_surface(run.readings)
    assert {reading["abstained"]["surface"] for reading in run.readings} <= {"nobody", "no_face"}


@pytest.mark.slow
def test_people_from_behind_have_no_surface(run_monitor, media):
    run = run_monitor(media / "faces/one-by-one-person-detection.mp4")
    ends = [reading["window"]["end_s"] for reading in with_surface(run.readings)]
    # About 66 s and 132 s a person turns a face to the camera while leaving.
    assert [end_s for end_s in ends if not (64 <= end_s <= 69 or 130 <= end_s <= 135)] == []


def test_five_people_in_a_picture_are_five_faces(run_monitor, media):
    run = run_monitor(media / "faces/multi_face.jpg", "--subject", "all")
    assert len(run.readings) == 5
    assert len(with_surface(run.readings)) == 5
    assert len({reading["person_id"] for reading in run.readings}) == 5


def test_a_portrait_with_exif_data_is_one_reading_and_no_crash(run_monitor, media):
    run = run_monitor(media / "faces/astronaut.png")
    gc.collect()  # where what PyAV leaves of unknown side data would end the process
    (reading,) = run.readings
    assert reading["surface"]["label"] == "happy"
    assert reading["model"]["keypoints"] == "mediapipe-holistic-full"
    assert reading["window"]["coverage"]["keypoints"] == 1.0


def test_when_the_face_leaves_the_monitor_abstains_within_two_seconds(run_monitor, media):
    run = run_monitor(media / "faces/face_noface.mov")
    left_s = 2.4  # frame 72
    assert [r for r in with_surface(run.readings) if r["window"]["end_s"] <= left_s + 0.1]
    assert not [r for r in with_surface(run.readings) if r["window"]["end_s"] > left_s + 2]


def test_a_face_in_a_very_small_picture_is_found(run_monitor, media):
    run = run_monitor(media / "faces/carphone_pristine.mp4")
    shares = [reading["window"]["coverage"]["image"] for reading in run.readings]
    assert statistics.mean(shares) >= 0.95
    assert len(with_surface(run.readings)) >= 0.95 * len(run.readings)


@pytest.mark.parametrize("clip", GRID)
def test_a_speaker_is_one_face_throughout(run_monitor, media, clip):
    run = run_monitor(media / f"grid/{clip}.mpg", "--subject", "all")
    assert {reading["person_id"] for reading in run.readings} == {"p1"}
    assert [reading["window"]["coverage"]["image"] for reading in run.readings] == [1.0] * len(
        run.readings
    )
    assert run.summary["sources"][0]["sound_s"] == pytest.approx(2.98, abs=0.1)


def test_the_six_speakers_joined_are_six_shots(run_monitor, joined_grid):
    run = run_monitor(joined_grid.path)
    assert run.summary["sources"][0]["shots"] == 6


def test_two_sources_run_side_by_side_and_one_failing_leaves_the_other(run_monitor, media):
    run = run_monitor(
        f"a={media}/grid/bbaf2n.mpg", f"b={media}/grid/brbk7n.mpg", f"c={media}/SOURCES.md"
    )
    assert run.code == 3
    assert {reading["source"] for reading in run.readings} == {"a", "b"}
    outcomes = {source["source"]: source["outcome"] for source in run.summary["sources"]}
    assert (outcomes["a"], outcomes["b"]) == ("ended", "ended")
    assert "SOURCES.md" in outcomes["c"]


def test_each_role_says_how_it_is_doing_from_beginning_to_end(run_monitor, media):
    run = run_monitor(media / "grid/bbaf2n.mpg")
    states = {role: [] for role in ("video", "audio", "reading")}
    for status in run.of("status"):
        states[status["role"]].append(status["state"])
    assert states == {role: ["waiting", "ok", "ended"] for role in states}


def test_without_a_network_fused_is_null_and_says_why(run_monitor, media):
    run = run_monitor(media / "grid/bbaf2n.mpg", "--set", "network.model=null")
    assert all(reading["fused"] is None for reading in run.readings)
    assert {reading["abstained"]["fused"] for reading in run.readings} == {"no_network"}
