"""The network that fuses, as the profile says: opened, and held against what the run feeds it."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from calibration.baseline import Baseline, nobody_yet
from calibration.fused import FusedRule
from engines.engine import OpenEngine
from engines.errors import ConfigError
from engines.models.starter_network import STARTER
from engines.models.store import ModelStore
from engines.sequence.checkpoint import Checkpoint, NetworkDescription, read_checkpoint
from engines.sequence.feed import feed
from engines.sequence.interview import InterviewEngines
from engines.sequence.shape import Modality
from engines.spec.reading import ModelCard
from stream.config import Profile
from stream.meter import EngineMeter
from stream.worker import Worker

logger = logging.getLogger(__name__)

SHIPPED: Final = "starter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The network of a run, as its description and the profile have it.

    Attributes:
        checkpoint: Which network it is.
        rule: What is made of its evidence.
        baseline: What everybody's neutral begins with; None if none is taken off.
    """

    checkpoint: Checkpoint
    rule: FusedRule
    baseline: Baseline | None = None

    def card(self, surface: ModelCard) -> ModelCard:
        """Return how readings name the network, given how they would name that of the surface."""
        return replace(
            surface, name=self.checkpoint.description.name, digest=self.checkpoint.digest
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNetwork:
    """The network of a run, ready to step.

    Attributes:
        network: Which, and what is made of its evidence.
        worker: Owns the graphs.
    """

    network: Network
    worker: Worker[InterviewEngines]


def network_of(profile: Profile, store: ModelStore, *, words: bool) -> Network | None:
    """Return the network that a profile names, before anything is opened; None if it names none.

    Args:
        profile: Which network, and what feeds it.
        store: Where the models are.
        words: Whether there are words.

    Raises:
        ConfigError: If the profile asks of the network what it is not.
        ModelError: If the folder is no checkpoint, or not whole.
    """
    config = profile.network
    if config.model is None:
        return None
    checkpoint = read_checkpoint(_folder(config.model))
    description = checkpoint.description
    _check_grid(description, profile.reading.grid_hz)
    untrained = _untrained(description, profile, store, words=words)
    for name, reason in untrained.items():
        # what it never learned from is as its card says; what it learned otherwise is a mistake
        level = logging.WARNING if name in description.fed else logging.INFO
        logger.log(level, "%s; it is masked", reason)
    return Network(
        checkpoint=checkpoint,
        rule=FusedRule.of(
            description,
            domain=config.domain,
            prior=config.prior,
            untrained=tuple(untrained),
            masked=config.masked,
        ),
        baseline=nobody_yet(description, weight=config.baseline) if config.baseline else None,
    )


@asynccontextmanager
async def open_network(
    network: Network | None, meter: EngineMeter
) -> AsyncIterator[OpenNetwork | None]:
    """Open a network on a thread of its own; None if there is none.

    Raises:
        ModelError: If the folder is not whole.
        EngineError: If a graph cannot be read.
    """
    if network is None:
        yield None
        return
    async with Worker("network", partial(interview_engines, network, meter.open)) as worker:
        yield OpenNetwork(network=network, worker=worker)


def interview_engines(network: Network, open_engine: OpenEngine) -> InterviewEngines:
    """Open the graphs of a network that this run steps; raises as ``open_network`` does."""
    masked = {*network.rule.untrained, *network.rule.masked}
    return InterviewEngines(network.checkpoint, open_engine, masked=masked)


def _folder(model: str) -> Path:
    return STARTER if model == SHIPPED else Path(model).expanduser()


def _untrained(
    description: NetworkDescription, profile: Profile, store: ModelStore, *, words: bool
) -> Mapping[Modality, str]:
    fed = feed(store, profile.perception, profile.text if words else None)
    return description.untrained(fed)


def _check_grid(description: NetworkDescription, grid_hz: float) -> None:
    if description.shape.grid_hz != grid_hz:
        msg = (
            f"network.model: {description.name} learned at {description.shape.grid_hz} ticks a "
            f"second, the profile has {grid_hz}; set reading.grid_hz={description.shape.grid_hz}"
        )
        raise ConfigError(msg)
