"""What came of a trial, kept, so that it is done once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from engines.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Of one trial.

    Attributes:
        probabilities: Of the classes of each test example.
        scores: Of each round on left-out gold, gold alone first; empty where there are no rounds.
        best: The round that counts.
        cpu_s: CPU time of the training, of students that only serve the choice too.
    """

    probabilities: Float64[ndarray, "N C"]
    scores: tuple[float, ...]
    cpu_s: float
    best: int = 0


def kept(path: Path, stated: str, do: Callable[[], Outcome]) -> Outcome:
    """Return what came of a trial, doing it if it is not there.

    Args:
        path: Its file, ``.npz``.
        stated: All that decides it.
        do: The trial.

    Raises:
        ConfigError: If the file is of another trial.
    """
    if not path.is_file():
        own = do()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez(
            part,
            stated=np.array(stated),
            probabilities=own.probabilities,
            scores=np.array(own.scores, np.float64),
            cpu_s=np.array(own.cpu_s),
            best=np.array(own.best),
        )
        part.replace(path)
    with np.load(path, allow_pickle=False) as found:
        if str(found["stated"]) != stated:
            msg = f"{path}: a trial of another plan lies here; give another folder"
            raise ConfigError(msg)
        return Outcome(
            probabilities=found["probabilities"],
            scores=tuple(found["scores"].tolist()),
            cpu_s=float(found["cpu_s"]),
            best=int(found["best"]),
        )
