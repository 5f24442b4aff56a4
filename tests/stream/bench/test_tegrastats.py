"""No Jetson is here: lines as its boards print them, and a program that prints them."""

import asyncio
import os
import sys

import pytest

from stream.bench.board_cost import BoardMeter
from stream.bench.tegrastats import NO_BOARD, Board, open_board, read_line

ORIN_NX = (
    "06-18-2026 10:13:29 RAM 2448/7620MB (lfb 2x4MB) SWAP 0/3810MB (cached 0MB) CPU [2%@729,1%@729,"
    "0%@729,0%@729,off,off] EMC_FREQ 0%@2133 GR3D_FREQ 37%@[305] NVDEC off NVJPG off VIC off OFA "
    "off APE 200 cpu@46.343C soc2@45.281C soc0@45.593C gpu@46.156C tj@47.5C cv0@-256C "
    "VDD_IN 4976mW/4821mW VDD_CPU_GPU_CV 645mW/640mW VDD_SOC 1491mW/1480mW"
)
AGX_ORIN = (
    "RAM 6021/30592MB (lfb 5x4MB) SWAP 0/15296MB (cached 0MB) CPU [1%@1190,off] EMC_FREQ 0% "
    "GR3D_FREQ 0% cv0@-256C CPU@49.406C Tboard@38C Tdiode@40.25C tj@49.718C "
    "VDD_GPU_SOC 3205mW/3205mW VDD_CPU_CV 801mW/801mW VIN_SYS_5V0 3626mW/3626mW NC 0mW/0mW "
    "VDDQ_VDD2_1V8AO 604mW/604mW NC 0mW/0mW"
)
NANO = (
    "RAM 918/3956MB (lfb 548x4MB) SWAP 0/1978MB (cached 0MB) IRAM 0/252kB(lfb 252kB) "
    "CPU [10%@102,3%@102,1%@102,0%@102] EMC_FREQ 1%@1600 GR3D_FREQ 5%@76 APE 25 PLL@21C CPU@25C "
    "PMIC@100C GPU@24C AO@32C thermal@24.25C POM_5V_IN 1532/1527 POM_5V_GPU 41/41 "
    "POM_5V_CPU 166/166"
)
AGX_XAVIER = (
    "RAM 1903/15699MB (lfb 3298x4MB) CPU [2%@1190,off] EMC_FREQ 0% GR3D_FREQ 0% AO@28.5C GPU@28C "
    "PMIC@100C GPU 0/0 CPU 311/311 SOC 932/932 CV 0/0 VDDRQ 155/155 SYS5V 1889/1889"
)


@pytest.mark.parametrize(
    ("line", "memory_mb", "busy", "temperature_c", "power_w", "rails"),
    [
        (ORIN_NX, 2448, 37, 47.5, 4.976, ("VDD_IN",)),
        (AGX_ORIN, 6021, 0, 49.718, 7.632, ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0")),
        (NANO, 918, 5, 32, 1.532, ("POM_5V_IN",)),
        (AGX_XAVIER, 1903, 0, 28.5, 3.287, ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V")),
    ],
)
def test_a_line_of_each_board_tells_its_memory_load_heat_and_power(
    line, memory_mb, busy, temperature_c, power_w, rails
):
    sample = read_line(line)
    assert (sample.memory_mb, sample.gpu_busy, sample.temperature_c) == (
        memory_mb,
        busy,
        temperature_c,
    )
    assert sample.power_w == pytest.approx(power_w)
    assert sample.rails == rails


def test_rails_that_are_not_the_whole_are_no_power_of_the_board():
    sample = read_line("RAM 2448/7620MB VDD_SOC 1491mW/1491mW VIN_SYS_5V0 3626mW/3626mW")
    assert (sample.power_w, sample.gpu_busy, sample.temperature_c) == (None, None, None)


def test_what_is_no_line_of_it_is_none():
    assert read_line("tegrastats: command line option missing") is None


@pytest.fixture
def program(tmp_path):
    """Writes a tegrastats that prints a line and goes on for so long."""

    def program(line, lasts_s):
        path = tmp_path / "tegrastats"
        path.write_text(
            f"#!{sys.executable}\nimport sys, time\n"
            f"assert sys.argv[1] == '--interval'\nprint({line!r}, flush=True)\n"
            f"open({str(tmp_path / 'pid')!r}, 'w').write(str(__import__('os').getpid()))\n"
            f"time.sleep({lasts_s})\n"
        )
        path.chmod(0o700)
        return str(path)

    return program


async def heard(board):
    while board.sample() is None:
        await asyncio.sleep(0.01)
    return board.sample()


async def test_the_program_is_listened_to_and_ended(program, tmp_path):
    async with open_board(program(ORIN_NX, 60)) as board:
        async with asyncio.timeout(20):
            assert (await heard(board)).power_w == pytest.approx(4.976)
            while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
                await asyncio.sleep(0.01)
        pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_program_that_ends_by_itself_is_no_failure_and_tells_nothing_of_later(
    program, monkeypatch
):
    async with open_board(program(ORIN_NX, 0)) as board:
        async with asyncio.timeout(20):
            await heard(board)
        monkeypatch.setattr("stream.bench.tegrastats.STALE_S", 0.0)
        assert board.sample() is None


async def test_where_there_is_no_such_program_the_reason_is_told():
    async with open_board("no-such-program") as board:
        assert board == NO_BOARD


def sampled(*lines, readings):
    board = Board()
    meter = BoardMeter(board)
    for line in lines:
        board.take(line)
        meter.sample()
    return meter.cost(wall_s=10.0, readings=readings)


def test_joules_a_reading_are_the_boards_power_times_the_time():
    cost = sampled(ORIN_NX, ORIN_NX.replace("4976mW", "6976mW"), readings=20)
    assert cost.power_w.value == 5.976
    assert cost.joules_a_reading.value == 5.976 * 10 / 20
    assert (cost.memory_mb.value, cost.rails) == (2448, ("VDD_IN",))


def test_without_a_reading_or_a_rail_there_are_no_joules_of_one():
    assert "no reading" in sampled(ORIN_NX, readings=0).joules_a_reading.missing
    assert "does not tell" in sampled("RAM 1/2MB", readings=3).joules_a_reading.missing
