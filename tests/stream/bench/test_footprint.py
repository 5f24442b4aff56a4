import subprocess
import sys
import time
from dataclasses import fields

import pytest

from stream.bench.footprint import FootprintMeter
from stream.bench.quantity import Quantity
from stream.bench.sensors import Sensors

NO_CARD = "not available: no NVIDIA card"
NO_BOARD = "not available: no tegrastats"
NO_COUNTER = "not available: nobody counts"
BARE = Sensors(card=NO_CARD, board=NO_BOARD, packages=NO_COUNTER)
BUSY = "held = bytearray(80_000_000)\nprint(1, flush=True)\nwhile True: pass"


@pytest.fixture
def busy():
    """A child that holds 80 MB and computes."""
    process = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE)
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def footprint(**options):
    meter = FootprintMeter(BARE, **options)
    meter.sample()
    time.sleep(0.3)
    meter.sample()
    return meter.footprint(wall_s=0.3, frames=10, readings=2)


def test_what_a_child_holds_and_computes_is_in_it(busy):
    with_child = footprint()
    without = footprint(without=[busy.pid])
    assert with_child.processes == without.processes + 1
    assert with_child.memory_mb.value > without.memory_mb.value + 70
    assert with_child.cpu_ms_a_frame.value > without.cpu_ms_a_frame.value
    assert without.cpu_others_cores.value > 0


def test_without_a_card_a_board_and_a_counter_no_figure_of_theirs_is_a_number():
    cost = footprint()
    for part, why in ((cost.card, NO_CARD), (cost.board, NO_BOARD)):
        told = {
            (quantity.value, quantity.missing)
            for field in fields(part)
            if isinstance(quantity := getattr(part, field.name), Quantity)
        }
        assert told == {(None, why)}
    assert cost.packages_power_w.missing == NO_COUNTER
    assert cost.packages_joules_a_reading.missing == NO_COUNTER


def test_without_a_frame_nothing_is_told_of_one():
    meter = FootprintMeter(BARE)
    meter.sample()
    cost = meter.footprint(wall_s=1.0, frames=0, readings=0)
    assert cost.cpu_ms_a_frame.value is None
