"""An NVIDIA card as its driver tells of it, by NVML; what it does not tell is not made up.

NVML comes with the driver; ``nvidia-ml-py`` (extra ``nvidia``) is only its door. The first card is
read, which is the one that runs on its own. Jetson boards have no such card: their ``tegrastats``
is not read, and nothing is told of them.
"""

import importlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

MB: Final = 2**20
MW_A_WATT: Final = 1000.0
MJ_A_JOULE: Final = 1000.0
NO_DOOR: Final = "not available: nvidia-ml-py is not installed (pip install 'subface[nvidia]')"
SLOWED: Final = {
    "nvmlClocksEventReasonSwPowerCap": "power cap",
    "nvmlClocksEventReasonHwSlowdown": "hardware slowdown",
    "nvmlClocksEventReasonSwThermalSlowdown": "heat (software)",
    "nvmlClocksEventReasonHwThermalSlowdown": "heat (hardware)",
    "nvmlClocksEventReasonHwPowerBrakeSlowdown": "power brake",
}
"""Reasons to clock lower that are not idleness or the owner's wish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSample:
    """The card at one moment; None is what the driver does not tell.

    Attributes:
        memory_mb: Held by the processes asked about; 0 if none of them is on the card.
        power_w: Of the whole card.
        energy_j: Used by the whole card since its driver was loaded.
        temperature_c: Of the chip.
        slowed: Why its clocks are lower than they could be.
    """

    memory_mb: float | None
    power_w: float | None
    energy_j: float | None
    temperature_c: float | None
    slowed: tuple[str, ...] | None


class Card:
    """The first card of the machine.

    Args:
        nvml: The module ``pynvml``, initialised.
    """

    def __init__(self, nvml: Any) -> None:  # noqa: ANN401 (it has no types)
        self._nvml = nvml
        self._handle = nvml.nvmlDeviceGetHandleByIndex(0)
        count = nvml.nvmlDeviceGetCount()
        self.names = tuple(
            str(nvml.nvmlDeviceGetName(nvml.nvmlDeviceGetHandleByIndex(index)))
            for index in range(count)
        )
        self.driver = str(nvml.nvmlSystemGetDriverVersion())

    def sample(self, pids: Collection[int]) -> CardSample:
        """Return how the card is, and what processes hold of its memory."""
        nvml, handle = self._nvml, self._handle
        power_mw = self._told(lambda: nvml.nvmlDeviceGetPowerUsage(handle))
        energy_mj = self._told(lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle))
        return CardSample(
            memory_mb=self._told(lambda: self._memory_mb(pids)),
            power_w=None if power_mw is None else power_mw / MW_A_WATT,
            energy_j=None if energy_mj is None else energy_mj / MJ_A_JOULE,
            temperature_c=self._told(
                lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)
            ),
            slowed=self._slowed(),
        )

    def _memory_mb(self, pids: Collection[int]) -> float | None:
        held = [
            process.usedGpuMemory
            for process in self._nvml.nvmlDeviceGetComputeRunningProcesses(self._handle)
            if process.pid in pids
        ]
        return None if None in held else sum(held) / MB

    def _slowed(self) -> tuple[str, ...] | None:
        nvml = self._nvml
        mask = self._told(lambda: nvml.nvmlDeviceGetCurrentClocksEventReasons(self._handle))
        if mask is None:
            return None
        return tuple(reason for name, reason in SLOWED.items() if int(mask) & getattr(nvml, name))

    def _told(self, ask: Callable[[], float | None]) -> float | None:
        try:
            return ask()
        except self._nvml.NVMLError:
            return None  # each card tells of some things and not of others


@contextmanager
def open_card() -> Iterator[Card | str]:
    """Open the first card; where there is none, yield why."""
    try:
        nvml = importlib.import_module("pynvml")
    except ImportError:
        yield NO_DOOR
        return
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        yield f"not available: no NVIDIA driver answers ({error})"
        return
    try:
        yield Card(nvml) if nvml.nvmlDeviceGetCount() else "not available: no NVIDIA card"
    finally:
        nvml.nvmlShutdown()
