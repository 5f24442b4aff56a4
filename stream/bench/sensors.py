"""What tells of power and heat on this machine; each is there, or the reason why not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from engines.config import RuntimeConfig
from stream.bench.card import Card, open_card
from stream.bench.rapl import Packages, open_packages
from stream.bench.tegrastats import Board, open_board
from stream.config import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensors:
    """The sensors of a bench.

    Attributes:
        card: NVIDIA's driver (NVML).
        board: A Jetson's ``tegrastats``.
        packages: The processor's own counters (RAPL).
        card_is_used: Whether the profile computes on a card: then its figures are the run's, also
            where the driver does not name our processes, as in a container.
    """

    card: Card | str
    board: Board | str
    packages: Packages | str
    card_is_used: bool = False


@asynccontextmanager
async def open_sensors(profile: Profile) -> AsyncIterator[Sensors]:
    """Open what there is."""
    index = card_of(profile)
    with open_card(index or 0) as card:
        async with open_board() as board:
            yield Sensors(
                card=card,
                board=board,
                packages=open_packages(),
                card_is_used=index is not None,
            )


def card_of(profile: Profile) -> int | None:
    """Return on which card a profile computes; None if on none, or if that is not sure."""
    index = _index(profile.perception.runtime)
    hears_on_card = profile.speech.model is not None and profile.speech.device == "cuda"
    return 0 if index is None and hears_on_card else index


def _index(runtime: RuntimeConfig) -> int | None:
    match runtime.backend, runtime.device:
        case ("tensorrt", "auto"):
            return 0
        case ("tensorrt" | "torch", device) if device.startswith("cuda:"):
            return int(device.removeprefix("cuda:"))
        case _:  # torch's auto is the processor where there is no card
            return None
