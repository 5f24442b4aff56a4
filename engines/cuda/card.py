"""The card that a profile means, and what of it decides whether a plan may be loaded."""

from dataclasses import dataclass

from engines.cuda.calls import Cuda
from engines.errors import EngineError
from engines.plans.identity import Processor


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One card of this machine.

    Attributes:
        index: As CUDA counts them, from 0.
        name: As the driver calls it.
        capability: Its compute capability, such as 8.7.
        driver_major: The newest major version of CUDA that the driver knows.
    """

    index: int
    name: str
    capability: str
    driver_major: int

    @property
    def processor(self) -> Processor:
        """What a plan is compiled for."""
        return Processor(name=self.name, features=(f"sm_{self.capability.replace('.', '')}",))


def find_card(cuda: Cuda, device: str) -> Card:
    """Return the card that a profile names.

    Args:
        cuda: The calls.
        device: ``auto``, which is the first, or ``cuda:N``.

    Raises:
        EngineError: If there is no such card, or no driver.
    """
    if device == "cpu":
        msg = "device cpu: this backend runs on NVIDIA's cards; backend openvino runs on CPUs"
        raise EngineError(msg)
    index = 0 if device == "auto" else int(device.partition(":")[2])
    count = cuda.cards()
    if index >= count:
        msg = (
            f"device {device}: expected one of the {count} cards of this machine, cuda:0 the first"
        )
        raise EngineError(msg)
    told = cuda.properties(index)
    name = told.name if isinstance(told.name, str) else told.name.decode().rstrip("\0")
    return Card(
        index=index,
        name=name,
        capability=f"{told.major}.{told.minor}",
        driver_major=cuda.driver_version() // 1000,
    )
