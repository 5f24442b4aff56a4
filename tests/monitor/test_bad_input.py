"""Bad input: one clear line, the right exit code, no traceback."""

import re
import socket
import subprocess
import sys
import wave

import pytest

from stream.cli import main
from stream.profile import load_profile

EXIT_RUN_TIME, EXIT_USAGE, EXIT_SOURCE, EXIT_BROKER, EXIT_POLICY = 1, 2, 3, 4, 5


@pytest.fixture
def fails(capfd):
    """Run the command line; return its exit code and the one line that it says."""

    def run(*arguments):
        code = main(list(map(str, arguments)))
        err = capfd.readouterr().err
        assert "Traceback" not in err
        lines = [line for line in err.splitlines() if "subface: " in line or "ERROR" in line]
        assert len(lines) == 1, err
        return code, lines[0]

    return run


@pytest.fixture
def run_fails(fails, store):
    def run(source, *arguments, mqtt="off"):
        return fails("run", source, "--quiet", "--mqtt", mqtt, "--pace", "fast", *arguments)

    return run


@pytest.fixture
def text_called_mp4(tmp_path):
    path = tmp_path / "text.mp4"
    path.write_text("this is no film\n" * 100)
    return path


@pytest.fixture
def truncated_mp4(tmp_path, media):
    path = tmp_path / "truncated.mp4"
    data = (media / "faces/WolfgangLanger_Pexels.mp4").read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


@pytest.fixture
def audio_only(tmp_path):
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(32_000))
    return path


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_missing_file(run_fails, tmp_path):
    code, line = run_fails(tmp_path / "nowhere.mp4")
    assert code == EXIT_SOURCE
    assert "nowhere.mp4" in line


def test_a_text_file_called_mp4(run_fails, text_called_mp4):
    code, line = run_fails(text_called_mp4)
    assert code == EXIT_SOURCE
    assert "text.mp4" in line


def test_a_file_whose_index_is_cut_off(run_fails, tmp_path, media):
    moov_at_end = tmp_path / "no-index.mp4"
    data = (media / "faces/WolfgangLanger_Pexels.mp4").read_bytes()
    moov_at_end.write_bytes(data.replace(b"moov", b"xxxx"))
    code, line = run_fails(moov_at_end)
    assert code == EXIT_SOURCE
    assert "no-index.mp4" in line


def test_a_truncated_file_loses_only_what_is_missing(run_monitor, truncated_mp4):
    run = run_monitor(truncated_mp4)
    assert run.code == 0  # its index stands at the beginning
    assert run.readings
    assert "corrupt" in {gap["reason"] for gap in run.of("gap")}
    assert run.summary["sources"][0]["frames_decoded"] < 472


def test_an_audio_only_file_is_heard_and_never_seen(run_monitor, audio_only):
    run = run_monitor(audio_only)
    assert run.code == 0
    assert run.summary["sources"][0]["frames_decoded"] == 0
    assert not run.of("reading")
    states = [(s["role"], s["state"]) for s in run.of("status")]
    assert ("video", "absent") in states


def test_an_unknown_profile_key(run_fails, media):
    code, line = run_fails(media / "grid/bbaf2n.mpg", "--set", "perception.detector.evry=2")
    assert code == EXIT_USAGE
    assert "did you mean 'every'" in line


def test_a_wrong_type(run_fails, media):
    code, line = run_fails(media / "grid/bbaf2n.mpg", "--set", "reading.hop_s=often")
    assert code == EXIT_USAGE
    assert "reading.hop_s" in line


def test_a_missing_model(run_fails, media, tmp_path, monkeypatch):
    monkeypatch.setenv("SUBFACE_CACHE", str(tmp_path / "empty"))
    code, line = run_fails(media / "grid/bbaf2n.mpg")
    assert code == EXIT_USAGE
    assert "subface models pull" in line


def test_an_unknown_model(run_fails, media):
    code, line = run_fails(media / "grid/bbaf2n.mpg", "--set", "perception.face.mesh=face-mash")
    assert code == EXIT_USAGE
    assert "face-mesh" in line


def test_a_wrong_digest(run_fails, media, tmp_path, monkeypatch, store):
    cache = tmp_path / "cache"
    for name in load_profile("embedded").perception.models():
        if not store.path(name).is_relative_to(store.root):
            continue  # it comes with Subface
        target = cache / store.path(name).relative_to(store.root)
        target.parent.mkdir(parents=True)
        for file in store.path(name).parent.iterdir():
            (target.parent / file.name).write_bytes(file.read_bytes())
    mesh = cache / store.path("face-mesh").relative_to(store.root)
    data = bytearray(mesh.read_bytes())
    data[len(data) // 2] ^= 1
    mesh.write_bytes(data)
    monkeypatch.setenv("SUBFACE_CACHE", str(cache))
    code, line = run_fails(media / "grid/bbaf2n.mpg", "--set", "speech.model=null")
    assert code == EXIT_USAGE
    assert "face-mesh" in line
    assert "sha256" in line


def test_an_unreachable_broker(run_fails, media, free_port):
    url = f"mqtt://reader:s3cret@127.0.0.1:{free_port}"
    code, line = run_fails(media / "grid/bbaf2n.mpg", mqtt=url)
    assert code == EXIT_BROKER
    assert str(free_port) in line
    assert "s3cret" not in line


def test_a_port_in_use(run_fails, media, taken_port):
    code, line = run_fails(media / "grid/bbaf2n.mpg", mqtt=f"embedded:{taken_port}")
    assert code in {EXIT_USAGE, EXIT_BROKER}
    assert str(taken_port) in line
    assert "in use" in line


def test_an_unreachable_stream(run_fails, free_port):
    code, line = run_fails(
        f"rtsp://viewer:s3cret@127.0.0.1:{free_port}/live", "--set", "source.open_timeout_s=1"
    )
    assert code == EXIT_SOURCE
    assert "s3cret" not in line


@pytest.mark.network
def test_a_refused_rtsp_login(run_fails, rtsp_server, media):
    server = rtsp_server(media / "faces/carphone_pristine.mp4", user="viewer", password="right")
    url = server.url.replace("rtsp://", "rtsp://viewer:wr0ng@")
    code, line = run_fails(url, "--set", "source.open_timeout_s=2")
    assert code == EXIT_SOURCE
    assert re.search("login|password|401|unauthor", line, re.IGNORECASE)
    assert "wr0ng" not in line


@pytest.mark.parametrize("purpose", ["workplace", "education", "fun"])
def test_a_purpose_that_is_not_allowed(run_fails, media, purpose):
    code, line = run_fails(media / "grid/bbaf2n.mpg", "--set", f"policy.purpose={purpose}")
    assert code == EXIT_POLICY
    assert purpose in line


def test_a_network_source_to_a_remote_broker_needs_a_purpose(run_fails):
    code, line = run_fails("rtsp://203.0.113.5/live", mqtt="mqtt://203.0.113.6")
    assert code == EXIT_POLICY
    assert "policy.purpose" in line
    assert "policy.notice" in line


def test_an_output_that_cannot_be_written(fails, media, tmp_path):
    source, out = media / "grid/bbaf2n.mpg", tmp_path / "no" / "such" / "folder.jsonl"
    code, line = fails("run", source, "--mqtt", "off", "--quiet", "--jsonl", out)
    assert code == EXIT_USAGE
    assert "folder.jsonl" in line


def test_the_process_itself_says_one_line_and_no_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "stream.cli", "run", str(tmp_path / "none.mp4"), "--mqtt", "off"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == EXIT_SOURCE
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
