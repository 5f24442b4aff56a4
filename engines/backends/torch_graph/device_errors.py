"""What torch says when it fails, and whether the card stopped answering."""

import torch

from engines.cuda.faults import STICKY


def lost(error: RuntimeError) -> bool:
    """Tell whether the card can only be used again by a new process.

    torch raises ``AcceleratorError`` with CUDA's own number; out of memory, a failed capture and
    what a library refuses leave the card usable.
    """
    return isinstance(error, torch.AcceleratorError) and _number(error) in STICKY


def _number(error: RuntimeError) -> int:
    return int(getattr(error, "error_code", 0))


def first_line(error: Exception) -> str:
    """Return what an error says, without the advice and the traceback that torch adds."""
    return str(error).strip().partition("\n")[0]
