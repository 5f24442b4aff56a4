"""The energy that the processor's packages count, by Linux's powercap (RAPL of Intel and AMD).

Of the whole packages, whoever keeps them busy. Since 2020 the counters are for root alone to read
(they tell too much of what is computed); a virtual machine has none.
"""

from pathlib import Path
from typing import Final

POWERCAP: Final = Path("/sys/class/powercap")
UJ_A_JOULE: Final = 1e6
NO_COUNTER: Final = "not available: the processor's energy is not counted here (no powercap)"
NOT_ALLOWED: Final = "not available: only root may read the processor's energy (energy_uj)"


class Packages:
    """The packages of a machine: each counts up to its range and begins again.

    Args:
        folders: One a package.

    Raises:
        OSError: If they cannot be read.
        ValueError: If they hold no numbers.
    """

    def __init__(self, folders: list[Path]) -> None:
        self._counters = [folder / "energy_uj" for folder in folders]
        self._ranges_uj = [_number(folder / "max_energy_range_uj") for folder in folders]
        self._last_uj = [_number(counter) for counter in self._counters]
        self._total_uj = 0

    def energy_j(self) -> float | None:
        """Return what was used since they were opened; None if it can be read no more.

        They are to be read more often than they begin again: once a minute does.
        """
        try:
            now_uj = [_number(counter) for counter in self._counters]
        except (OSError, ValueError):
            return None
        for now, last, reach in zip(now_uj, self._last_uj, self._ranges_uj, strict=True):
            self._total_uj += now - last if now >= last else now - last + reach
        self._last_uj = now_uj
        return self._total_uj / UJ_A_JOULE


def open_packages(root: Path = POWERCAP) -> Packages | str:
    """Open the packages' counters; where there are none, return why."""
    # intel-rapl:0 is a package, intel-rapl:0:1 a part of it; AMD's go by that name, too
    folders = sorted(root.glob("intel-rapl:[0-9]")) + sorted(root.glob("intel-rapl:[0-9][0-9]"))
    try:
        packages = [folder for folder in folders if _name(folder).startswith("package")]
        return Packages(packages) if packages else NO_COUNTER
    except PermissionError:
        return NOT_ALLOWED
    except (OSError, ValueError):
        return NO_COUNTER


def _name(folder: Path) -> str:
    return (folder / "name").read_text(encoding="ascii").strip()


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))
