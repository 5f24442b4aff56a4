"""SRT by way of ``srt-live-transmit``: the FFmpeg inside PyAV's wheel does not speak it.

The program joins the SRT call and repeats what comes to a UDP port on the loopback interface, which
is then read like any other transport stream. One bridge lives as long as one connection.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from stream.errors import SourceUnreachableError
from stream.source.spec import SourceSpec

PROGRAM = "srt-live-transmit"
STOP_S = 1.0
"""It ends at SIGTERM at once; if it does not, it is killed after this."""


@contextmanager
def srt_bridge(spec: SourceSpec) -> Iterator[int]:
    """Run the bridge and yield the UDP port on 127.0.0.1 that it sends to.

    The passphrase of an address stands on its command line, where other users of this machine can
    read it: the program takes it in no other way.

    Raises:
        SourceUnreachableError: If the program is not installed.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        msg = (
            f"{spec.address}: SRT needs the program {PROGRAM}, which is not installed: "
            "on Debian and Ubuntu, apt install srt-tools"
        )
        raise SourceUnreachableError(msg)
    port = _free_port()
    command = [program, "-quiet", "-a:no", spec.url, f"udp://127.0.0.1:{port}"]
    process = subprocess.Popen(  # noqa: S603  (an address is an argument, never a command)
        _dying_with_us(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield port
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    """Return a UDP port that nobody has now; another program may take it before we do."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _dying_with_us(command: list[str]) -> list[str]:
    """Return a command whose process the kernel ends when the thread that started it is gone.

    That covers what no cleanup can, a monitor that is killed. Where there is no setpriv (it belongs
    to Linux) the bridge outlives a kill, and stops when its peer does.
    """
    setpriv = shutil.which("setpriv") if os.uname().sysname == "Linux" else None
    return [setpriv, "--pdeathsig", "KILL", *command] if setpriv else command
