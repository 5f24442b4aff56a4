"""The log: to stderr, in one form, as quiet as asked."""

import logging
import sys
from typing import Final

LEVELS: Final = (logging.WARNING, logging.INFO, logging.DEBUG)

# What these libraries say at their own levels is ours to say, in our words and once.
QUIET: Final = (
    "libav",
    "aiomqtt",
    "paho",
    "openvino",
    "pyscenedetect",
    "asyncio",
    "faster_whisper",
)


def set_up_log(verbosity: int) -> None:
    """Send the log to stderr.

    Args:
        verbosity: 0 warnings, 1 what happens, 2 everything.
    """
    level = LEVELS[min(verbosity, len(LEVELS) - 1)]
    logging.basicConfig(
        stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s", force=True
    )
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.ERROR))
