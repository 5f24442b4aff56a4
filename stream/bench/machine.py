"""What was measured on: the processor, the card, the versions. Figures of two machines are two."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import ClassVar, Final

import psutil

from engines.spec.wire import CLOSED

MEASURED_WITH: Final = (
    "subface", "numpy", "av", "openvino", "onnxruntime", "faster-whisper", "ctranslate2",
)  # fmt: skip
GB: Final = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a run had at its disposal; nothing here names its owner."""

    __pydantic_config__: ClassVar = CLOSED

    processor: str
    architecture: str
    cores: int
    """Logical ones that this process may use."""
    memory_gb: int
    cards: tuple[str, ...]
    """NVIDIA cards; empty where there are none or no driver tells of them."""
    system: str

    def differences(self, other: "Machine") -> list[str]:
        """Return in what another machine computes differently; its kernel is none of it."""
        compared = ("processor", "architecture", "cores", "memory_gb", "cards")
        return [
            f"{name} {getattr(other, name)!r}, not {getattr(self, name)!r}"
            for name in compared
            if getattr(self, name) != getattr(other, name)
        ]


def this_machine(cards: Sequence[str]) -> Machine:
    """Return what this process has; ``cards`` as the driver names them."""
    return Machine(
        processor=_processor(),
        architecture=platform.machine(),
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        memory_gb=round(psutil.virtual_memory().total / GB),
        cards=tuple(cards),
        system=platform.platform(),
    )


def versions() -> dict[str, str]:
    """Return the versions of what computes, by package; what is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in MEASURED_WITH:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    """Return the model of the processor; Linux tells it in one place alone."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown")
