"""The processor of this machine, as far as compiled code depends on it."""

import platform
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from engines.plans.identity import Processor

CPUINFO: Final = Path("/proc/cpuinfo")

COMPUTES: Final = re.compile(
    r"sse|ssse|avx|amx|fma|f16c|asimd|neon|sve|sme(?!p)|fphp|bf16|i8mm"  # x86, then ARM
)
"""What the flags begin with that a compiler of networks asks for; the rest is the kernel's."""

MODEL: Final = ("vendor_id", "cpu family", "model", "model name")
PART: Final = ("CPU implementer", "CPU part", "CPU variant")


@lru_cache(maxsize=1)
def this_processor() -> Processor:
    """Return the processor of this machine."""
    try:
        text = CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:  # no Linux
        text = ""
    return processor_of(text)


def processor_of(cpuinfo: str) -> Processor:
    """Return the processor that the text of ``/proc/cpuinfo`` tells of, by its first core."""
    lines = (line.partition(":") for line in cpuinfo.partition("\n\n")[0].splitlines())
    told = {key.strip(): value.strip() for key, _, value in lines}
    flags = (told.get("flags") or told.get("Features") or "").split()
    named = [told[key] for key in (*MODEL, *PART) if told.get(key)]
    return Processor(
        name=" ".join([platform.machine(), *(named or [platform.processor() or "unknown"])]),
        features=tuple(flag for flag in flags if COMPUTES.match(flag)),
    )
