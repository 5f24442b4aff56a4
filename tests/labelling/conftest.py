import os
import subprocess
import sys
from pathlib import Path

import pytest

from stream.config import PolicyConfig
from training.labelling.errors import ExtraMissingError
from training.labelling.extra import OF_TEACHERS, require_extra

sys.path.insert(0, str(Path(__file__).parent))  # the server beside the tests

try:
    require_extra(*OF_TEACHERS)
except ExtraMissingError as missing:
    LEFT_OUT = str(missing)
    if os.environ.get("CI") != "true":
        collect_ignore_glob = ["test_*.py"]
else:
    LEFT_OUT = None
    from teacher_server import TeacherServer

    from training.commands.label import label as work
    from training.labelling.caller import Manners
    from training.labelling.options import LabelOptions
    from training.labelling.table import read_table

KEY = "marked-key-7f3a9c51e0"


def pytest_report_header():
    return f"tests/labelling is left out: {LEFT_OUT}" if LEFT_OUT else None


@pytest.fixture
def teacher_server():
    """Start servers: ``teacher_server(wait_s=0.05)``."""
    running = []

    def start(**options):
        running.append(TeacherServer(**options))
        return running[-1]

    yield start
    for server in running:
        server.close()
    assert not [mistake for server in running for mistake in server.mistakes]


@pytest.fixture(scope="session")
def films(media, need_tool, tmp_path_factory):
    """Eight films of a second, small and each of another colour."""
    folder = tmp_path_factory.mktemp("films")
    source = media / "faces" / "single_face.mp4"
    outs = [folder / f"clip{number}.mp4" for number in range(8)]
    graph = ";".join(f"[0:v]scale=160:-2,hue=h={40 * number}[v{number}]" for number in range(8))
    command = [need_tool("ffmpeg"), "-hide_banner", "-loglevel", "error", "-i", source]
    command += ["-filter_complex", graph]
    for number, out in enumerate(outs):
        command += ["-map", f"[v{number}]", "-t", "1", "-c:v", "libx264", "-threads", "1", out]
    subprocess.run(list(map(str, command)), check=True, timeout=60)
    return outs


@pytest.fixture
def clips(films):
    """Return the paths of so many clips."""
    return lambda count: films[:count]


@pytest.fixture
def options(tmp_path, monkeypatch):
    """Return the options of the verb, with what a test is about in their place."""
    for variable in ("GEMINI_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(variable, KEY)

    def make(clips, *, server=None, dialect="gemini", manners=None, **changed):
        content = {
            "clips": [str(clip) for clip in clips],
            "teacher": dialect,
            "out": tmp_path / "labels.parquet",
            "labels": "negative,positive",
            "model": None,
            "base_url": None if server is None else server.urls[dialect],
            "key_env": None,
            "key_file": None,
            "answers": None,
            "transcripts": None,
            "transcript": "shown",
            "face": "shown",
            "show": "frames",
            "hz": 1.0,
            "frames": 2,
            "frame_px": 64,
            "samples": 2,
            "temperature": 1.0,
            "max_output_tokens": 1024,
            "prompts": "hidden_emotion_1",
            "budget_usd": 10.0,
            "max_calls": None,
            "prices": None,
            "manners": Manners(
                **{"concurrency": 4, "attempts": 3, "first_pause_s": 0.01} | (manners or {})
            ),
            "timeout_s": 10.0,
            "allow_upload": ["127.0.0.1"],
            "policy": PolicyConfig(),
            "cache": None,
            "estimate_only": False,
        }
        return LabelOptions(**content | changed)

    return make


@pytest.fixture
def label(options):
    """Run the verb in this process; return its exit code and the table."""

    def run(clips, **changed):
        given = options(clips, **changed)
        code = work(given)
        return code, read_table(given.out)

    return run


@pytest.fixture
def everything_in():
    """Return all bytes below a folder."""

    def read(folder):
        return b"\n".join(path.read_bytes() for path in Path(folder).rglob("*") if path.is_file())

    return read
