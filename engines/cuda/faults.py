"""What a failed call of CUDA means: what was asked for, in one line, and whether the card is lost.

After some errors every further call of the process fails alike, whatever it asks for: CUDA wants a
new process. Such an error is a ``DeviceLostError``, upon which the perception is started anew.
"""

from typing import Any, Final

from engines.errors import DeviceLostError, EngineError

SUCCESS: Final = 0
OUT_OF_MEMORY: Final = 2
NO_DRIVER: Final = 35
UNLOADING: Final = 4
"""The process is ending, and took the card's memory with it."""

STICKY: Final = frozenset(
    {
        53,  # prior launch failure
        214,  # uncorrectable error of the card's memory
        220,  # uncorrectable error of NVLink
        226,  # contained
        700,  # illegal address
        702,  # launch timeout
        709,  # context is destroyed
        710,  # assert
        714,  # hardware stack error
        715,  # illegal instruction
        716,  # misaligned address
        717,  # invalid address space
        718,  # invalid program counter
        719,  # launch failure
        721,  # tensor memory leak
        810,  # the client of the multi-process service was ended
        911,  # external device
        999,  # unknown: after a suspension, or when the card fell off the bus
    }
)
"""Of ``cudaError_t``: those of which CUDA says that the process must be started anew, and those
after which nothing but that was seen to help."""


def fault(status: Any, doing: str, *, why: str | None = None) -> EngineError:  # noqa: ANN401
    """Return the error for a status that is not success.

    Args:
        status: A ``cudaError_t``; its name and its number are told.
        doing: What was asked for, as the message begins.
        why: What else is known, such as a runtime's own log.
    """
    told = f"{doing}: CUDA says {getattr(status, 'name', 'error')} ({int(status)})"
    if why:
        told = f"{told}; {why}"
    if int(status) in STICKY:
        msg = f"{told}; nothing in this process can use the card any more, a new one may"
        return DeviceLostError(msg)
    if int(status) == NO_DRIVER:
        told = (
            f"{told}; there is no driver, or it is too old (`nvidia-smi` shows it); "
            "backend openvino needs none"
        )
    return EngineError(told)
