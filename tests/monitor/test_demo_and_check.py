"""The verbs a newcomer calls first."""

import json

import pytest

from stream.cli import main


def test_the_demo_reads_a_face_and_gets_its_readings_back_over_mqtt(capfd, store, tmp_path):
    out = tmp_path / "demo.jsonl"
    assert main(["demo", "--pace", "fast", "--jsonl", str(out)]) == 0
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert [records[0]["kind"], records[-1]["kind"]] == ["session", "summary"]
    readings = [record for record in records if record["kind"] == "reading"]
    assert sum(reading["surface"] is not None for reading in readings) >= 30
    captured = capfd.readouterr()
    assert captured.out == ""
    assert f"{len(readings)} readings came back over MQTT" in captured.err
    assert "montage" in captured.err
    sound_s = records[-1]["sources"][0]["sound_s"]
    assert sound_s == pytest.approx(records[-1]["sources"][0]["media_s"], abs=0.5)


def test_check_finds_that_all_is_well(capfd, store, media):
    assert main(["check", str(media / "grid/bbaf2n.mpg"), "--mqtt", "embedded"]) == 0
    err = capfd.readouterr().err
    assert err.count("ok") >= 5
    assert "fails" not in err


def test_check_names_every_part_that_fails_and_goes_on(capfd, store, media):
    code = main(["check", "nowhere.mp4", str(media / "SOURCES.md"), "--mqtt", "mqtt://127.0.0.1:1"])
    assert code == 3
    err = capfd.readouterr().err
    assert err.count("fails") == 3
    assert "Traceback" not in err


def test_check_shows_the_whole_profile_on_stdout(capfd, store):
    assert main(["check", "--show", "--mqtt", "off"]) == 0
    assert "surface_window_s: 1.5" in capfd.readouterr().out


def test_jsonl_on_stdout_is_nothing_but_records(capfd, store, media):
    clip = str(media / "grid/bbaf2n.mpg")
    assert main(["run", clip, "--mqtt", "off", "--pace", "fast", "--jsonl", "-"]) == 0
    captured = capfd.readouterr()
    kinds = [json.loads(line)["kind"] for line in captured.out.splitlines()]
    assert kinds[0] == "session"
    assert kinds[-1] == "summary"
    assert "reading" in kinds
    assert "Summary" in captured.err
