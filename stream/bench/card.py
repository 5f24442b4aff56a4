"""An NVIDIA card as its driver tells of it, by NVML; what it does not tell is not made up.

NVML comes with the driver; ``nvidia-ml-py`` (extra ``nvidia``) is only its door. Of several cards
that one is read which holds memory of ours; where the driver names no processes (in a container it
does not know ours), the one that the profile names. Jetson boards are told of by
``stream.bench.tegrastats``.
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
        busy: Part of the time in which anything ran on it, percent.
        power_w: Of the whole card.
        energy_j: Used by the whole card since its driver was loaded.
        temperature_c: Of the chip.
        slowed: Why its clocks are lower than they could be.
    """

    memory_mb: float | None
    busy: float | None
    power_w: float | None
    energy_j: float | None
    temperature_c: float | None
    slowed: tuple[str, ...] | None


class Card:
    """The card of the machine that the run is on.

    Args:
        nvml: The module ``pynvml``, initialised.
        index: Which card is taken for it as long as the driver names none of its processes.
    """

    def __init__(self, nvml: Any, index: int = 0) -> None:  # noqa: ANN401 (it has no types)
        self._nvml = nvml
        handles = [nvml.nvmlDeviceGetHandleByIndex(k) for k in range(nvml.nvmlDeviceGetCount())]
        self._handles = handles
        self._handle = handles[min(index, len(handles) - 1)]
        self.names = tuple(str(nvml.nvmlDeviceGetName(handle)) for handle in handles)
        self.driver = str(nvml.nvmlSystemGetDriverVersion())

    def sample(self, pids: Collection[int]) -> CardSample:
        """Return how the card is, and what processes hold of its memory."""
        self._handle = next(filter(lambda h: self._holds(h, pids), self._handles), self._handle)
        nvml, handle = self._nvml, self._handle
        power_mw = self._told(lambda: nvml.nvmlDeviceGetPowerUsage(handle))
        energy_mj = self._told(lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle))
        return CardSample(
            memory_mb=self._told(lambda: self._memory_mb(handle, pids)),
            busy=self._told(lambda: float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)),
            power_w=None if power_mw is None else power_mw / MW_A_WATT,
            energy_j=None if energy_mj is None else energy_mj / MJ_A_JOULE,
            temperature_c=self._told(
                lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)
            ),
            slowed=self._slowed(),
        )

    def _holds(self, handle: Any, pids: Collection[int]) -> bool:  # noqa: ANN401 (its type is C's)
        return bool(self._told(lambda: self._memory_mb(handle, pids)))

    def _memory_mb(self, handle: Any, pids: Collection[int]) -> float | None:  # noqa: ANN401
        held = [
            process.usedGpuMemory
            for process in self._nvml.nvmlDeviceGetComputeRunningProcesses(handle)
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
def open_card(index: int = 0) -> Iterator[Card | str]:
    """Open the cards; where there is none, yield why.

    Args:
        index: As of ``Card``.
    """
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
        yield Card(nvml, index) if nvml.nvmlDeviceGetCount() else "not available: no NVIDIA card"
    finally:
        nvml.nvmlShutdown()
