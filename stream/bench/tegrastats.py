"""A Jetson board as its ``tegrastats`` tells of it, a line every quarter of a second.

The program comes with the board's system; its child runs as long as the bench. Written by NVIDIA's
documentation of the lines and by lines of Nano, Xavier, Orin and Thor; it was never run on a board.
``jtop`` reads the same sensors by a service of its own and is not asked.
"""

import asyncio
import re
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

PROGRAM: Final = "tegrastats"
NO_BOARD: Final = "not available: no tegrastats, so this is no Jetson board"
EVERY_MS: Final = 250
STALE_S: Final = 2.0
"""A line this old says nothing of now: the program ended."""
MW_A_WATT: Final = 1000.0
OFF_C: Final = -250.0
"""A sensor that is switched off tells -256."""
FIXED: Final = {"pmic"}
"""Tells the same temperature for ever."""

WHOLE: Final = (
    ("VDD_IN",),  # Orin NX and Nano, Xavier NX: the module's input
    ("POM_5V_IN",),  # Nano, TX2
    ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"),  # AGX Orin has no rail of its input
    ("VDD_GPU", "VDD_CPU_SOC_MSS", "VIN_SYS_5V0"),  # AGX Thor
    ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"),  # AGX Xavier
)
"""Rails that make up the module together, the first set of which all are there."""

MEMORY: Final = re.compile(r"\bRAM (\d+)/(\d+)MB")
BUSY: Final = re.compile(r"\bGR3D_FREQ (\d+)%")
TEMPERATURE: Final = re.compile(r"\b([A-Za-z]\w*)@(-?\d+(?:\.\d+)?)C\b")
RAIL: Final = re.compile(r"\b([A-Z][A-Z0-9_]*) (\d+)(?:mW)?/\d+(?:mW)?(?=\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSample:
    """The board at one moment; None is what its line does not tell.

    Attributes:
        memory_mb: In use by everything; processor and GPU share it.
        gpu_busy: Of the GPU at its clock of that moment, percent.
        temperature_c: Of the hottest sensor.
        power_w: Of the module.
        rails: Which rails that is.
    """

    memory_mb: float
    gpu_busy: float | None
    temperature_c: float | None
    power_w: float | None
    rails: tuple[str, ...]


def read_line(line: str) -> BoardSample | None:
    """Return what a line of ``tegrastats`` tells; None if it is none."""
    memory = MEMORY.search(line)
    if memory is None:
        return None
    busy = BUSY.search(line)
    warm = [
        float(value)
        for name, value in TEMPERATURE.findall(line)
        if name.lower() not in FIXED and float(value) > OFF_C
    ]
    drawn_mw = {name: float(value) for name, value in RAIL.findall(line)}
    rails = _whole(drawn_mw)
    return BoardSample(
        memory_mb=float(memory[1]),
        gpu_busy=None if busy is None else float(busy[1]),
        temperature_c=max(warm, default=None),
        power_w=sum(drawn_mw[rail] for rail in rails) / MW_A_WATT if rails else None,
        rails=rails,
    )


def _whole(drawn_mw: Mapping[str, float]) -> tuple[str, ...]:
    return next((rails for rails in WHOLE if drawn_mw.keys() >= set(rails)), ())


class Board:
    """What was last heard of the board."""

    def __init__(self) -> None:
        self._newest: BoardSample | None = None
        self._heard_s = 0.0

    def take(self, line: str) -> None:
        """Take a line."""
        sample = read_line(line)
        if sample is not None:
            self._newest, self._heard_s = sample, time.monotonic()

    def sample(self) -> BoardSample | None:
        """Return the board as it is; None if nothing was heard of it lately."""
        return self._newest if time.monotonic() - self._heard_s < STALE_S else None


@asynccontextmanager
async def open_board(program: str = PROGRAM) -> AsyncIterator[Board | str]:
    """Listen to ``tegrastats``; where there is none, yield why."""
    found = shutil.which(program)
    if found is None:
        yield NO_BOARD
        return
    process = await asyncio.create_subprocess_exec(
        found,
        "--interval",
        str(EVERY_MS),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C is for us to act upon
    )
    board = Board()
    listening = asyncio.create_task(_listen(process, board), name=PROGRAM)
    try:
        yield board
    finally:
        with suppress(ProcessLookupError):  # it may have ended by itself
            process.terminate()
        await process.wait()
        await listening


async def _listen(process: asyncio.subprocess.Process, board: Board) -> None:
    lines = process.stdout
    while lines is not None and (line := await lines.readline()):
        board.take(line.decode(errors="replace"))
