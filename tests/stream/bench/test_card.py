"""No card is here: the driver's answers are faked, by the names and units of nvidia-ml-py 13."""

import os
import sys
from types import ModuleType, SimpleNamespace

import pytest

from stream.bench.card import NO_DOOR, Card, open_card
from stream.bench.footprint import FootprintMeter

# ruff: noqa: N802, N815 (the driver's names)

MB = 2**20
OURS, FOREIGN = 4711, 1


class NVMLError(Exception):
    pass


class Driver(ModuleType):
    """What pynvml answers; a value of None is not supported by the card."""

    NVMLError = NVMLError
    NVML_TEMPERATURE_GPU = 0
    nvmlClocksEventReasonSwPowerCap = 0x4
    nvmlClocksEventReasonHwSlowdown = 0x8
    nvmlClocksEventReasonSwThermalSlowdown = 0x20
    nvmlClocksEventReasonHwThermalSlowdown = 0x40
    nvmlClocksEventReasonHwPowerBrakeSlowdown = 0x80

    def __init__(self, *, count=1, driver=True, **answers):
        super().__init__("pynvml")
        self.count, self.driver, self.is_open = count, driver, False
        self.answers = {
            "power_mw": 71_500,
            "energy_mj": 1_000_000,
            "temperature": 44,
            "reasons": 0x1 | 0x40,
            "processes": [(OURS, 300 * MB), (FOREIGN, 5000 * MB)],
        } | answers

    def _answer(self, name):
        if self.answers[name] is None:
            raise NVMLError("Not Supported")
        return self.answers[name]

    def nvmlInit(self):
        if not self.driver:
            raise NVMLError("NVML Shared Library Not Found")
        self.is_open = True

    def nvmlShutdown(self):
        self.is_open = False

    def nvmlDeviceGetCount(self):
        return self.count

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetName(self, handle):
        return f"NVIDIA L4 {handle}"

    def nvmlSystemGetDriverVersion(self):
        return "570.86"

    def nvmlDeviceGetPowerUsage(self, handle):
        return self._answer("power_mw")

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        return self._answer("energy_mj")

    def nvmlDeviceGetTemperature(self, handle, sensor):
        return self._answer("temperature")

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle):
        return self._answer("reasons")

    def nvmlDeviceGetComputeRunningProcesses(self, handle):
        return [SimpleNamespace(pid=p, usedGpuMemory=m) for p, m in self._answer("processes")]


@pytest.fixture
def install(monkeypatch):
    def install(**answers):
        driver = Driver(**answers)
        monkeypatch.setitem(sys.modules, "pynvml", driver)
        return driver

    return install


def test_a_card_is_sampled_in_watts_joules_and_megabytes_of_our_processes(install):
    driver = install(count=2)
    with open_card() as card:
        assert (card.names, card.driver) == (("NVIDIA L4 0", "NVIDIA L4 1"), "570.86")
        sample = card.sample({OURS})
        assert driver.is_open
    assert not driver.is_open
    assert (sample.memory_mb, sample.power_w, sample.energy_j) == (300.0, 71.5, 1000.0)
    assert (sample.temperature_c, sample.slowed) == (44, ("heat (hardware)",))


def test_what_a_card_does_not_tell_is_none(install):
    install(power_mw=None, energy_mj=None, reasons=None, processes=[(OURS, None)])
    with open_card() as card:
        sample = card.sample({OURS})
    assert (sample.power_w, sample.energy_j, sample.slowed, sample.memory_mb) == (None,) * 4


def test_without_the_package_a_driver_or_a_card_the_reason_is_told(install, monkeypatch):
    install(driver=False)
    with open_card() as card:
        assert card == ("not available: no NVIDIA driver answers (NVML Shared Library Not Found)")
    install(count=0)
    with open_card() as card:
        assert card == "not available: no NVIDIA card"
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with open_card() as card:
        assert card == NO_DOOR


def sampled(driver, *, energies=(1_000_000, 1_500_000), pids=None):
    """The footprint of two samples, with this process on the card."""
    driver.answers["processes"] = [(os.getpid() if pids is None else pids, 300 * MB)]
    meter = FootprintMeter(Card(driver))
    for energy in energies:
        driver.answers["energy_mj"] = energy
        meter.sample()
    return meter.footprint(wall_s=10.0, frames=250, readings=20)


def test_joules_a_reading_are_what_the_card_counted():
    footprint = sampled(Driver())
    assert footprint.card_joules_a_reading.value == 500.0 / 20
    assert footprint.card_memory_mb.value == 300.0
    assert footprint.card_power_w.value == 71.5
    assert (footprint.card_throttled.value, footprint.card_slowed_by) == (100, ("heat (hardware)",))


def test_an_older_card_counts_no_joules_so_they_are_its_power_times_the_time():
    footprint = sampled(Driver(), energies=(None, None))
    assert footprint.card_joules_a_reading.value == 71.5 * 10 / 20


def test_a_card_that_the_run_is_not_on_is_none_of_its_footprint():
    footprint = sampled(Driver(), pids=FOREIGN)
    for quantity in (
        footprint.card_memory_mb,
        footprint.card_power_w,
        footprint.card_joules_a_reading,
        footprint.card_temperature_c,
        footprint.card_throttled,
    ):
        assert quantity.value is None
        assert "none of this run's processes" in quantity.missing
