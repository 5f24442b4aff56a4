"""The pauses between attempts to reach a broker that went away: short, growing, with jitter.

A reading is worth most when it is new, so the longest pause is half a second: an attempt costs one
packet, and a broker that restarts is noticed within a second.
"""

from typing import Final

import aiomqtt
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential, wait_random

from stream.errors import BrokerUnreachableError

FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 0.5
JITTER_S: Final = 0.1


def outage() -> AsyncRetrying:
    """Return the attempts of one outage: they go on until one succeeds."""
    return AsyncRetrying(
        retry=retry_if_exception_type((BrokerUnreachableError, aiomqtt.MqttError)),
        wait=wait_exponential(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S)
        + wait_random(0, JITTER_S),
        reraise=True,
    )
