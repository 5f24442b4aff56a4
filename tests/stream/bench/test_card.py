"""No card is here: the driver's answers are faked, by the names and units of nvidia-ml-py 13.

That the fake has the names, arguments and numbers of the package is tested against the package.
"""

import inspect
import sys
from types import ModuleType, SimpleNamespace

import pytest

from stream.bench.card import NO_DOOR, Card, open_card
from stream.bench.card_cost import CardMeter

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
            "busy": 60,
            "on": 0,
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
        self.asked = handle
        return self._answer("power_mw")

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        return self._answer("energy_mj")

    def nvmlDeviceGetTemperature(self, handle, sensor):
        return self._answer("temperature")

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle):
        return self._answer("reasons")

    def nvmlDeviceGetUtilizationRates(self, handle):
        return SimpleNamespace(gpu=self._answer("busy"), memory=10)

    def nvmlDeviceGetComputeRunningProcesses(self, handle):
        if handle != self.answers["on"]:
            return []
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


def sampled(driver, *, energies=(1_000_000, 1_500_000), pid=OURS, is_used=False):
    """What two samples cost, with a process on the card."""
    driver.answers["processes"] = [(pid, 300 * MB)]
    meter = CardMeter(Card(driver), is_used=is_used)
    for energy in energies:
        driver.answers["energy_mj"] = energy
        meter.sample({OURS})
    return meter.cost(wall_s=10.0, readings=20)


def test_joules_a_reading_are_what_the_card_counted():
    cost = sampled(Driver())
    assert cost.joules_a_reading.value == 500.0 / 20
    assert cost.memory_mb.value == 300.0
    assert cost.power_w.value == 71.5
    assert (cost.throttled.value, cost.slowed_by) == (100, ("heat (hardware)",))


def test_an_older_card_counts_no_joules_so_they_are_its_power_times_the_time():
    cost = sampled(Driver(), energies=(None, None))
    assert cost.joules_a_reading.value == 71.5 * 10 / 20


def test_a_card_that_the_run_is_not_on_is_none_of_its_footprint():
    cost = sampled(Driver(), pid=FOREIGN)
    for quantity in (
        cost.memory_mb,
        cost.power_w,
        cost.joules_a_reading,
        cost.temperature_c,
        cost.throttled,
    ):
        assert quantity.value is None
        assert "none of this run's processes" in quantity.missing


def test_in_a_container_the_driver_names_nobody_and_the_whole_cards_figures_are_the_runs():
    cost = sampled(Driver(), pid=FOREIGN, is_used=True)
    assert (cost.power_w.value, cost.busy.value, cost.joules_a_reading.value) == (71.5, 60, 25)
    assert cost.memory_mb.value is None
    assert "none of this run's processes" in cost.memory_mb.missing


@pytest.mark.parametrize(
    ("on", "index", "asked"), [(1, 0, 1), (0, 1, 0), (None, 1, 1), (None, 7, 1)]
)
def test_of_two_cards_that_one_is_read_which_holds_ours_or_else_the_profiles(on, index, asked):
    driver = Driver(count=2, on=on)
    Card(driver, index).sample({OURS})
    assert driver.asked == asked


def test_the_fake_driver_is_as_the_package_has_it():
    pynvml = pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed (extra nvidia)")
    assert issubclass(pynvml.NVMLError, Exception)
    for name, value in vars(Driver).items():
        if isinstance(value, int):
            assert getattr(pynvml, name) == value
        elif name.startswith("nvml"):
            theirs = list(inspect.signature(getattr(pynvml, name)).parameters.values())
            ours = list(inspect.signature(value).parameters)[1:]
            assert [p.name for p in theirs if p.default is p.empty] == ours
    assert {"gpu", "memory"} == {name for name, _ in pynvml.c_nvmlUtilization_t._fields_}
    assert {"pid", "usedGpuMemory"} <= {name for name, _ in pynvml.c_nvmlProcessInfo_v3_t._fields_}
