"""Made-up interviews, drawn once and kept as branches are fed of them, a trait added to some.

Keypoints are left out, which would be 14 times as much: some branches of the network are enough to
see whether a teacher is outgrown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from numpy import ndarray
from tqdm import tqdm  # type: ignore[import-untyped]

from engines.sequence.shape import Modality
from training.learning.features import track
from training.synthetic.interviews import SyntheticInterviews

TRAIT_LENGTH: Final = 1.0
"""How far the trait moves a vector, a third of what a cue does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """One modality of all interviews.

    Attributes:
        features: Zero on ticks without data, and after the end.
        valid: True for the ticks that hold data.
    """

    features: Float32[ndarray, "N T D"]
    valid: Bool[ndarray, "N T"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Interviews as branches are fed of them.

    Attributes:
        fed: By modality.
        ticks: How long each is.
        grid_hz: Ticks a second.
    """

    fed: Mapping[Modality, Fed]
    ticks: Int64[ndarray, " N"]
    grid_hz: float


def draw(
    interviews: SyntheticInterviews, traits: Int64[ndarray, " N"], given: Sequence[Modality]
) -> Drawn:
    """Draw interviews in which some people bear a trait all the time.

    Args:
        interviews: All.
        traits: Of each, 1 where it is there.
        given: The modalities that are kept; of ``image`` and ``text``.
    """
    most = int(interviews.config.duration_s[1] * interviews.config.grid_hz) + 1
    width: dict[Modality, int] = {
        "image": interviews.config.appearance_width,
        "text": interviews.config.text_width,
    }
    fed = {
        name: Fed(
            features=np.zeros((len(interviews), most, width[name]), np.float32),
            valid=np.zeros((len(interviews), most), np.bool_),
        )
        for name in given
    }
    random = np.random.default_rng([interviews.config.seed, 3])
    # at right angles to neither cue in particular: directions like any other
    towards = {name: _direction(width[name], random) for name in given}
    ticks = np.zeros(len(interviews), np.int64)
    for row, interview in enumerate(tqdm(interviews, desc="drawing", disable=None)):
        ticks[row] = len(interview)
        for name in given:
            own = track(interview, name, width=width[name])
            trait = own.valid[:, None] * traits[row] * towards[name]
            fed[name].features[row, : len(interview)] = own.features + trait
            fed[name].valid[row, : len(interview)] = own.valid
    return Drawn(fed=fed, ticks=ticks, grid_hz=interviews.config.grid_hz)


def _direction(width: int, random: np.random.Generator) -> Float64[ndarray, " D"]:
    found = random.normal(size=width)
    return np.asarray(found * TRAIT_LENGTH / np.linalg.norm(found))


def keep(drawn: Drawn, path: Path, stated: str) -> None:
    """Write drawn interviews."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    arrays = {
        f"{kind}-{name}": getattr(own, kind)
        for name, own in drawn.fed.items()
        for kind in ("features", "valid")
    }
    np.savez(part, stated=np.array(stated), ticks=drawn.ticks, **arrays)
    part.replace(path)


def kept(path: Path, stated: str, given: Sequence[Modality], grid_hz: float) -> Drawn | None:
    """Read drawn interviews; None if there are none, or others."""
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as found:
        if str(found["stated"]) != stated:
            return None
        fed = {
            name: Fed(features=found[f"features-{name}"], valid=found[f"valid-{name}"])
            for name in given
        }
        return Drawn(fed=fed, ticks=found["ticks"], grid_hz=grid_hz)
