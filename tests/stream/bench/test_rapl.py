"""No counter is readable here: a folder as Linux shows it."""

import pytest

from stream.bench.footprint import FootprintMeter
from stream.bench.rapl import NO_COUNTER, NOT_ALLOWED, open_packages
from stream.bench.sensors import Sensors


@pytest.fixture
def counted(tmp_path):
    """Writes what a domain of powercap has counted."""

    def counted(domain, name, energy_uj, range_uj=1_000_000):
        folder = tmp_path / domain
        folder.mkdir(exist_ok=True)
        (folder / "name").write_text(f"{name}\n")
        (folder / "energy_uj").write_text(f"{energy_uj}\n")
        (folder / "max_energy_range_uj").write_text(f"{range_uj}\n")

    return counted


def test_the_packages_are_added_up_and_their_parts_are_not_counted_again(counted, tmp_path):
    counted("intel-rapl:0", "package-0", 100)
    counted("intel-rapl:1", "package-1", 200)
    counted("intel-rapl:0:0", "core", 50)
    counted("intel-rapl:2", "psys", 7)
    packages = open_packages(tmp_path)
    counted("intel-rapl:0", "package-0", 300_100)
    counted("intel-rapl:1", "package-1", 500_200)
    counted("intel-rapl:0:0", "core", 999_999)
    counted("intel-rapl:2", "psys", 999_999)
    assert packages.energy_j() == 0.8


def test_a_counter_that_begins_again_is_not_a_step_back(counted, tmp_path):
    counted("intel-rapl:0", "package-0", 900_000)
    packages = open_packages(tmp_path)
    counted("intel-rapl:0", "package-0", 100_000)
    assert packages.energy_j() == pytest.approx(0.2)
    assert packages.energy_j() == pytest.approx(0.2)


def test_where_nobody_counts_or_may_read_it_the_reason_is_told(counted, tmp_path, monkeypatch):
    assert open_packages(tmp_path) == NO_COUNTER

    def refuse(*_, **__):
        raise PermissionError

    counted("intel-rapl:0", "package-0", 900_000)
    monkeypatch.setattr("stream.bench.rapl._number", refuse)
    assert open_packages(tmp_path) == NOT_ALLOWED


def test_what_the_packages_used_is_watts_and_joules_a_reading(counted, tmp_path):
    counted("intel-rapl:0", "package-0", 0, 10**9)
    sensors = Sensors(card="none", board="none", packages=open_packages(tmp_path))
    meter = FootprintMeter(sensors)
    meter.sample()
    counted("intel-rapl:0", "package-0", 30_000_000, 10**9)
    meter.sample()
    cost = meter.footprint(wall_s=10.0, frames=250, readings=20)
    assert (cost.packages_power_w.value, cost.packages_joules_a_reading.value) == (3.0, 1.5)
