import subprocess
import sys
import time

import pytest

from stream.bench.footprint import FootprintMeter

NO_CARD = "not available: no NVIDIA card"
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
    meter = FootprintMeter(NO_CARD, **options)
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


def test_without_a_card_none_of_its_figures_is_a_number():
    cost = footprint()
    card = [
        cost.card_memory_mb,
        cost.card_power_w,
        cost.card_joules_a_reading,
        cost.card_temperature_c,
        cost.card_throttled,
    ]
    assert {(quantity.value, quantity.missing) for quantity in card} == {(None, NO_CARD)}


def test_without_a_frame_nothing_is_told_of_one():
    meter = FootprintMeter(NO_CARD)
    meter.sample()
    cost = meter.footprint(wall_s=1.0, frames=0, readings=0)
    assert cost.cpu_ms_a_frame.value is None
