"""One person over the whole interview: branches that step, and a reading when it is asked for.

A step is due on every tick with data; a reading, once a hop, costs one small layer more. What a
branch was not trained on is not stepped at all.
"""

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.engine import Engine, OpenEngine
from engines.errors import EngineError
from engines.sequence.checkpoint import FUSION, Checkpoint, step_graph
from engines.sequence.shape import Modality
from engines.sequence.step import BranchState

PRESENT: Final = "present"
LOGITS: Final = "logits"


class InterviewEngines:
    """The graphs of a checkpoint, opened once for all persons.

    Args:
        checkpoint: Its folder and description.
        open_engine: Opens a graph.
        masked: Branches that are not to be stepped, since this run would feed them something else
            (``NetworkDescription.untrained``).

    Attributes:
        checkpoint: What was opened.
        steps: The step graph of each branch that is stepped.
        fusion: From pooled branches to logits.

    Raises:
        ModelMissingError: If the checkpoint lacks a graph; bidirectional ones have no steps.
        ModelDigestError: If a graph is not the one described.
        EngineError: If a graph cannot be read.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        open_engine: OpenEngine,
        *,
        masked: Collection[Modality] = (),
    ) -> None:
        self.checkpoint = checkpoint
        shape = checkpoint.description.shape
        with ExitStack() as opened:
            self.steps: dict[Modality, Engine] = {
                name: opened.enter_context(
                    open_engine(f"{name}-step", checkpoint.file(step_graph(name)))
                )
                for name in shape.branches
                if name not in masked
            }
            self.fusion: Engine = opened.enter_context(
                open_engine("fusion", checkpoint.file(FUSION))
            )
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._opened.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The logits of a reading, and those that it would have had with less.

    Attributes:
        logits: Of all modalities that were present.
        present: Which those are.
        without: The logits with one of them left out, by modality; none where it was the only one.
    """

    logits: Float32[ndarray, " C"]
    present: tuple[Modality, ...]
    without: Mapping[Modality, Float32[ndarray, " C"]]


class InterviewState:
    """The rolling state of one person.

    Args:
        engines: The network's graphs.
    """

    def __init__(self, engines: InterviewEngines) -> None:
        description = engines.checkpoint.description
        shape = description.shape
        self._shape = shape
        self._beside = {name: own.width for name, own in description.beside.items()}
        self._fusion = engines.fusion
        self._branches = {
            name: BranchState(engine, grid_hz=shape.grid_hz)
            for name, engine in engines.steps.items()
        }

    def step(
        self, tick: int, features: Mapping[Modality, Float32[ndarray, "..."]]
    ) -> dict[Modality, Float32[ndarray, " D"]]:
        """Take what there is on a tick.

        Args:
            tick: Its absolute place on the grid; ticks rise, and those without data are left out.
            features: By modality; one without data on this tick, or one that is not stepped, may be
                left out. Keypoints come from ``engines.sequence.normalize``. What a branch had
                beside them in training is withheld: zeros stand for it.

        Returns:
            The tokens that were made of it.

        Raises:
            ValueError: If the tick is not after the last, or features are of another shape or not
                finite.
            EngineError: If the network makes of them what is no number.
        """
        return {
            name: branch.step(tick, self._withheld(name, features[name]))
            for name, branch in self._branches.items()
            if name in features
        }

    def newest(self, modality: Modality) -> int | None:
        """Return the last tick with data of a modality; None if there was none."""
        branch = self._branches.get(modality)
        return None if branch is None else branch.newest

    def read(self, *, stale: Collection[Modality] = ()) -> Evidence | None:
        """Read the interview so far.

        Args:
            stale: Modalities that are not to count, since nothing came of them for too long.

        Returns:
            None if there is nothing to read from.

        Raises:
            EngineError: If the fusion makes of it what is no number.
        """
        present = tuple(
            name
            for name, branch in self._branches.items()
            if branch.newest is not None and name not in stale
        )
        if not present:
            return None
        others = present if len(present) > 1 else ()
        logits = self._fused([present, *(set(present) - {name} for name in others)])
        return Evidence(
            logits=logits[0],
            present=present,
            without=dict(zip(others, logits[1:], strict=True)),
        )

    def _fused(self, choices: list[Collection[Modality]]) -> Float32[ndarray, "B C"]:
        """Return the logits of several choices of modalities, in one run."""
        names = list(self._shape.branches)
        present = np.array([[name in chosen for name in names] for chosen in choices])
        logits = self._fusion.run(
            {name: self._repeated(name, len(choices)) for name in names}
            | {PRESENT: present.astype(np.float32)}
        )[LOGITS]
        if not np.isfinite(logits).all():
            msg = "the fusion made logits that are not finite; are its weights?"
            raise EngineError(msg)
        return logits

    def _withheld(
        self, name: Modality, features: Float32[ndarray, "..."]
    ) -> Float32[ndarray, "..."]:
        beside = self._beside.get(name)
        return features if beside is None else np.pad(features, (0, beside))

    def _repeated(self, name: Modality, times: int) -> Float32[ndarray, "B P D"]:
        branch, shape = self._branches.get(name), self._shape
        if branch is None:
            looks = shape.looks if shape.branches[name].pooling == "attention" else 1
            return np.zeros((times, looks, shape.width), np.float32)
        return np.repeat(branch.pooled()[None], times, axis=0)
