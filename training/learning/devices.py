"""One training on several devices: a process each, of which the first writes what all then read."""

from lightning.pytorch.utilities import rank_zero_only
from torch import distributed


def is_first() -> bool:
    """Return whether this process is the one that writes; so is one that is alone."""
    return int(getattr(rank_zero_only, "rank", 0)) == 0


def wait_for_all() -> None:
    """Wait until every process has come here."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.barrier()
