"""What a report says of how it was made."""

from pathlib import Path

import pytest

from engines.errors import ConfigError
from stream.bench.measure import BenchPlan, subject_of
from stream.commands.bench import BenchOptions, command_of
from stream.profile import load_profile
from stream.source.address import parse_sources


def options(source, **changes):
    given = {
        "source": source,
        "profile": "embedded",
        "overrides": [],
        "streams": 1,
        "budget_ms": None,
        "for_s": 15.0,
        "glass": True,
        "json": Path("out.json"),
        "html": None,
        "csv": None,
        "markdown": None,
        "baseline": None,
        "tolerance": 0.15,
    }
    return BenchOptions(**(given | changes))


def plan(source, *overrides, **changes):
    (spec,) = parse_sources([source])
    given = {"streams": 1, "for_s": 15.0, "budget_ms": None, "glass": True, "command": ""}
    return BenchPlan(profile=load_profile("embedded", overrides), spec=spec, **(given | changes))


def test_a_command_has_no_password_in_it():
    source = "rtsp://me:secret@10.0.0.4/live?token=secret"
    overrides = ["reading.hop_s=1", "mqtt.url=mqtt://me:secret@broker"]
    (spec,) = parse_sources([source])
    command = command_of(options(source, overrides=overrides), spec)
    assert "secret" not in command
    assert "10.0.0.4/live" in command
    assert "--set reading.hop_s=1" in command
    assert "mqtt" not in command
    assert "secret" not in repr(subject_of(plan(source)))


def test_what_is_written_is_no_part_of_what_is_measured(media):
    clip = str(media / "grid/bbaf2n.mpg")
    (spec,) = parse_sources([clip])
    assert command_of(options(clip, budget_ms=100.0, glass=False), spec) == (
        f"subface bench {clip} --profile embedded --streams 1 --for 15 --budget-ms 100 --no-glass"
    )


def test_a_subject_is_known_by_its_settings_and_its_film_and_not_by_the_broker(media):
    clip, other = (str(media / "grid" / name) for name in ("bbaf2n.mpg", "brbk7n.mpg"))
    first = subject_of(plan(clip))
    assert subject_of(plan(clip, "mqtt.url=off")) == first
    assert subject_of(plan(clip, "reading.hop_s=1")).profile_digest != first.profile_digest
    assert subject_of(plan(other)).source_digest != first.source_digest
    assert first.source == "bbaf2n.mpg"


def test_copies_have_names_of_their_own(media):
    copies = plan(str(media / "grid/bbaf2n.mpg")).copies(3)
    assert [spec.name for spec in copies] == ["bbaf2n-1", "bbaf2n-2", "bbaf2n-3"]
    assert len({spec.url for spec in copies}) == 1


def test_a_picture_is_no_source_of_a_bench(media):
    with pytest.raises(ConfigError, match="a picture is over at once"):
        plan(str(media / "faces/multi_face.jpg"))
