import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

from engines.models.store import ModelStore

install_import_hook(
    ["engines.spec", "engines.perception", "calibration", "stream.windows"], "beartype.beartype"
)

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


@pytest.fixture(scope="session")
def media():
    folder = SHARED / "media"
    return folder if folder.is_dir() else leave_out(f"{folder} is absent; set SUBFACE_SHARED")


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


@pytest.fixture
def rtsp_server():
    """Start live RTSP servers: ``rtsp_server("--file", clip).url``; see servers/rtsp_server.py."""
    script = Path(__file__).parent / "servers" / "rtsp_server.py"
    probe = [SYSTEM_PYTHON, "-c", "import gi; gi.require_version('GstRtspServer', '1.0')"]
    if (
        not Path(SYSTEM_PYTHON).exists()
        or subprocess.run(probe, capture_output=True, check=False).returncode
    ):
        leave_out("gir1.2-gst-rtsp-server-1.0 is not installed; `make test` installs it")
    running = []

    def start(*arguments):
        command = [SYSTEM_PYTHON, str(script), *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        process.url = process.stdout.readline().strip()
        assert process.url, f"{' '.join(command)} did not start"
        return process

    yield start
    for process in running:
        process.kill()  # it may be stopped: SIGKILL ends it all the same
        process.wait()
        process.stdout.close()


MOSQUITTO_CONF = """\
listener {port} 127.0.0.1
persistence false
allow_anonymous {anonymous}
log_type none
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
            MOSQUITTO_CONF.format(port=self.port, anonymous=str(anonymous).lower(), options=options)
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
