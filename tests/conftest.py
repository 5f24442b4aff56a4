import contextlib
import getpass
import logging
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

from engines.errors import ModelSourceError
from engines.models.convert import build_python
from engines.models.store import ModelStore

install_import_hook(
    [
        "engines.spec",
        "engines.perception",
        *(f"engines.sequence.{name}" for name in ("normalize", "pooling", "ring", "rotary")),
        "calibration",
        "stream.windows",
    ],
    "beartype.beartype",
)

# A busy machine is slow at times: how long an example takes says nothing about its truth.
settings.register_profile("subface", deadline=None)
settings.load_profile("subface")

SHARED = Path(
    os.environ.get("SUBFACE_SHARED", Path(__file__).parents[1].parent / "shared")
).resolve()

SYSTEM_PYTHON = "/usr/bin/python3"  # GStreamer's bindings come from Debian, not from a wheel


def leave_out(reason):
    """Skip a test; in CI nothing may be left out, so there it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI leaves nothing out: {reason}")
    pytest.skip(reason)


def tool(name):
    """Return the path of a program, or leave the test out."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    return path or leave_out(f"{name} is not installed; `make test` installs it where it may")


@pytest.fixture(autouse=True)
def log_as_before():
    """Leave the log as it was: the command line sets levels, and writes to the test's stderr."""
    loggers = (logging.root, *logging.root.manager.loggerDict.values())
    levels = {item: item.level for item in loggers if isinstance(item, logging.Logger)}
    handlers = list(logging.root.handlers)
    yield
    for logger, level in levels.items():
        logger.setLevel(level)
    for handler in [own for own in logging.root.handlers if own not in handlers]:
        logging.root.removeHandler(handler)


@pytest.fixture(scope="session")
def media():
    folder = SHARED / "media"
    return folder if folder.is_dir() else leave_out(f"{folder} is absent; set SUBFACE_SHARED")


@pytest.fixture(scope="session")
def librivox():
    folder = Path("/usr/share/pocketsphinx/test/data/librivox")
    if not folder.is_dir():
        leave_out("pocketsphinx-testdata is not installed; `make test` installs it where it may")
    return folder


@pytest.fixture(scope="session")
def need_tool():
    return tool


@pytest.fixture(scope="session")
def store():
    """The user's cache, which must hold what the embedded profile and the demo need."""
    models = ModelStore()
    missing = [name for name in models.manifest.group("demo") if not models.present(name)]
    if missing:
        leave_out(f"{', '.join(missing)}: not in the cache; `make models` brings them")
    return models


@pytest.fixture(scope="session")
def need_model(store):
    """Return the path of a model that not every cache holds, or leave the test out."""

    def path(name):
        if not store.present(name):
            leave_out(f"{name}: not in the cache; `make models-all` brings it")
        return store.path(name)

    return path


@pytest.fixture(scope="session")
def need_build_python():
    """Return the Python of .venv-build, or leave the test out."""
    try:
        return build_python()
    except ModelSourceError:
        return leave_out("there is no .venv-build; `make build-env` makes it")


GRID_WORDS = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {},  # a letter, which is its own name
    {"z": "zero", "1": "one", "2": "two", "3": "three", "4": "four"}
    | {"5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine"},
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)


class GridClip(NamedTuple):
    """A clip of the GRID corpus in a film of several: where it lies, and what is said in it."""

    name: str
    start_s: float
    end_s: float
    sentence: str


class JoinedGrid(NamedTuple):
    path: Path
    clips: tuple


@pytest.fixture(scope="session")
def joined_grid(media, tmp_path_factory):
    """The GRID clips one after the other in one film, picture and sound in step."""
    paths = sorted((media / "grid").glob("*.mpg"))
    film = tmp_path_factory.mktemp("grid") / "joined.mp4"
    inputs = [word for path in paths for word in ("-i", str(path))]
    pads = "".join(f"[{index}:v][{index}:a]" for index in range(len(paths)))
    graph = f"{pads}concat=n={len(paths)}:v=1:a=1[v][a]"
    command = [
        *(tool("ffmpeg"), "-hide_banner", "-loglevel", "error", *inputs),
        *("-filter_complex", graph, "-map", "[v]", "-map", "[a]"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-g", "25", "-bf", "0"),
        *("-c:a", "aac", "-b:a", "128k", str(film)),
    ]
    subprocess.run(command, check=True, timeout=60)
    clips = []
    for index, path in enumerate(paths):
        words = [
            meaning.get(mark, mark) for mark, meaning in zip(path.stem, GRID_WORDS, strict=True)
        ]
        start_s = 3.0 * index  # 75 pictures each; the sound, a little shorter, is filled up
        clips.append(GridClip(path.stem, start_s, start_s + 3.0, " ".join(words)))
    return JoinedGrid(film, tuple(clips))


class RtspServer:
    """A live RTSP server in a process of its own, which can be killed, restarted and frozen."""

    def __init__(self, *arguments):
        self._arguments = list(map(str, arguments))
        self.url = None
        self.start()

    def start(self):
        """Start it, again at the address it had."""
        script = Path(__file__).parent / "servers" / "rtsp_server.py"
        port = ["--port", str(urlsplit(self.url).port)] if self.url else []
        command = [SYSTEM_PYTHON, str(script), *self._arguments, *port]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        assert self.url, f"{' '.join(command)} did not start"

    def kill(self):
        self.process.kill()  # ends a frozen one too
        self.process.wait()
        self.process.stdout.close()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


@pytest.fixture
def rtsp_server():
    """Start live RTSP servers: ``rtsp_server(clip).url``, ``rtsp_server(pattern="320x240")``."""
    probe = [SYSTEM_PYTHON, "-c", "import gi; gi.require_version('GstRtspServer', '1.0')"]
    if (
        not Path(SYSTEM_PYTHON).exists()
        or subprocess.run(probe, capture_output=True, check=False).returncode
    ):
        leave_out("gir1.2-gst-rtsp-server-1.0 is not installed; `make test` installs it")
    running = []

    def start(clip=None, **options):
        what = [f"--{name}" + f"={value}" * (value is not True) for name, value in options.items()]
        running.append(RtspServer(*([f"--file={clip}"] if clip else []), *what))
        return running[-1]

    yield start
    for server in running:
        server.kill()


MOSQUITTO_CONF = """\
listener {port} 127.0.0.1
persistence false
allow_anonymous {anonymous}
log_type none
user {user}
{options}
"""


class Mosquitto:
    """A real broker on a free loopback port; a kill loses its memory, but not its port."""

    def __init__(self, program, folder, *, anonymous=True, options=""):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"mqtt://127.0.0.1:{self.port}"
        config = folder / f"mosquitto-{self.port}.conf"
        config.write_text(
            MOSQUITTO_CONF.format(
                port=self.port,
                anonymous=str(anonymous).lower(),
                user=getpass.getuser(),  # root would become a user who may not read our files
                options=options,
            )
        )
        self._command = [program, "-c", str(config)]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        while self.process.poll() is None:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self._command} ended with {self.process.returncode}")

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start_mosquitto(tmp_path):
    """Start brokers: ``start_mosquitto().url``; options are lines of mosquitto.conf."""
    program = tool("mosquitto")
    running = []

    def start(**options):
        running.append(Mosquitto(program, tmp_path, **options))
        return running[-1]

    yield start
    for broker in running:
        broker.kill()


@pytest.fixture
def mosquitto(start_mosquitto):
    return start_mosquitto()
