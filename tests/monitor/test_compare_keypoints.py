"""`subface compare keypoints`: two networks over one clip, through the whole program."""

import asyncio
import json
from contextlib import aclosing

import pytest

from engines.perception.networks import open_networks
from engines.spec import skeleton
from engines.spec.frame import Frame
from stream.cli import main
from stream.comparison.side import Side
from stream.meter import EngineMeter
from stream.profile import load_profile
from stream.source.address import parse_sources
from stream.source.media import media as items_of

CLIP = "gestures/asl_gestures_please.mkv"
EVERY = 4
FIELDS = {
    "pose_keypoints_2d": skeleton.BODY,
    "hand_left_keypoints_2d": skeleton.LEFT_HAND,
    "hand_right_keypoints_2d": skeleton.RIGHT_HAND,
    "face_keypoints_2d": skeleton.FACE,
}


@pytest.fixture
def compare(store, capsys):
    def run(*arguments):
        capsys.readouterr()
        code = main(["compare", "keypoints", *map(str, arguments)])
        return code, capsys.readouterr()

    return run


@pytest.fixture
def compared(compare):
    def run(*arguments):
        code, said = compare(*arguments, "--every", EVERY, "--json")
        assert code == 0
        return json.loads(said.out)

    return run


async def record(clip, folder, store):
    """Write what holistic sees as OpenPose writes it; return how many frames there are."""
    profile = load_profile("embedded", ["source.pace=fast"])
    (spec,), written = parse_sources([str(clip)]), 0
    folder.mkdir()
    runtime = EngineMeter(profile.perception.runtime)
    with open_networks(profile.perception, store, runtime.open) as networks:
        side = Side(profile.perception, profile.reading, networks, still=False)
        async with aclosing(items_of(spec, profile.source)) as items:
            async for frame in items:
                if not isinstance(frame, Frame) or frame.index % EVERY:
                    continue
                scene, _ = side.look(frame)
                people = [
                    {name: seen.keypoints[part].ravel().tolist() for name, part in FIELDS.items()}
                    for seen in scene.observations
                    if seen.keypoints is not None
                ]
                name = f"{folder.name}_{frame.index:012d}_keypoints.json"
                (folder / name).write_text(json.dumps({"version": 1.3, "people": people}))
                written += 1
    return written


def test_smoothing_moves_every_part_a_little_and_no_reading(compared, media):
    found = compared("holistic", "holistic,smooth=false", media / CLIP)
    assert found["persons"] == found["frames"] > 10
    assert found["shoulder_widths"]["by_shoulders"] == found["frames"]
    for part in found["parts"]:
        assert 0 < part["median"] <= part["p95"] <= part["max"] < 0.2
        assert part["only_first"] == part["only_second"] == 0
    readings = found["readings"]
    assert readings["readings"] == readings["surfaces"] > 2
    assert readings["valence_max"] == 0
    assert readings["same_label"] == 1
    assert readings["keypoints_first"] == readings["keypoints_second"] > 0.5  # of a grid of 12.5 Hz
    assert found["fused"] is None


def test_a_network_does_not_differ_from_its_own_recording(media, store, tmp_path, compared):
    frames = asyncio.run(record(media / CLIP, tmp_path / "0047", store))
    found = compared("holistic", f"openpose:{tmp_path / '0047'}", media / CLIP)
    assert found["persons"] == found["frames"] == frames
    assert found["b"]["network"] == "openpose"
    for part in found["parts"]:
        assert part["frames"] > 0
        assert part["max"] < 1e-4
        assert part["only_first"] == part["only_second"] == 0


def test_a_close_up_has_no_shoulders_and_is_measured_by_the_eyes(compare, media):
    clip = media / "faces/WolfgangLanger_Pexels.mp4"
    code, said = compare("holistic", "holistic,smooth=false", clip, "--every", 40)
    assert code == 0
    assert "pupils while no shoulders were seen" in said.out
    assert "no fused network yet" in said.out
    assert said.err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("holistc", "holistic", CLIP), 2, "did you mean 'holistic'?"),
        (("holistic", "openpose:/absent", CLIP), 1, "/absent: expected recorded keypoints"),
        (("holistic", "holistic", "gestures/absent.mkv"), 3, "no such file"),
        (("holistic", "holistic", "rtsp://127.0.0.1:9/live"), 2, "has no end: expected a file"),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_line(compare, media, arguments, code, told):
    first, second, clip = arguments
    clip = clip if "://" in clip else media / clip
    got, said = compare(first, second, clip)
    assert (got, said.out) == (code, "")
    assert told in said.err
    assert said.err.count("\n") == 1


def test_missing_models_of_both_sides_are_told_with_the_command(
    compare, media, tmp_path, monkeypatch
):
    monkeypatch.setenv("SUBFACE_CACHE", str(tmp_path))
    code, said = compare("holistic", "dwpose-l-384x288", media / CLIP)
    assert code == 2
    assert "subface models pull" in said.err
    assert "iris-landmark dwpose-l-384x288` brings what is missing" in said.err
