"""What happens in a made-up interview, before anything is drawn of it.

Scripts are drawn for the whole set at once, so that the counts of classes and signs are exact and
the ceiling is met and not merely expected.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from engines.errors import ConfigError
from engines.sequence.shape import MODALITIES, Modality
from training.interview import Entry
from training.synthetic.plant import Plant

MARGIN_S: Final = 15.0
"""So far from either end no cue is shown."""
NEAREST_S: Final = 20.0
"""Two cues are never nearer than this."""
LONGEST_CUE_S: Final = 10.0
SOON: Final = 0.35
"""A soon lag is from the first so many of the range, a late one from the last."""

NATIONALITIES: Final = tuple(f"n{number:02d}" for number in range(28))
GENDERS: Final = ("f", "m")

_PLANTS: Final[Mapping[Modality, Plant]] = {
    "image": Plant(agrees=0.75),
    "keypoints": Plant(agrees=0.8),
    "text": Plant(agrees=0.75),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticConfig:
    """A set of made-up interviews; the defaults have iMiGUE's counts.

    Attributes:
        seed: The same seed makes the same set, bit for bit.
        interviews: How many.
        subjects: Among how many people they are divided as evenly as may be.
        positive: The share of class 1.
        plants: By modality; one that is left out has the cues and no signal.
        duration_s: The shortest and the longest interview.
        lag_s: The shortest and the longest time from one cue to the other.
        cue_s: How long a cue in the picture lasts; in what is said it is one utterance.
        grid_hz: Ticks a second.
        appearance_width: Of an appearance vector.
        text_width: Of a text embedding.
        text_cue_length: How far a cue moves it, where its topic moves each number by 0.3.
        word_delay_s: The least and the most by which words are known later than they are said.

    Raises:
        ConfigError: If cues do not fit or have no length, or interviews are fewer than people.
    """

    seed: int = 0
    interviews: int = 359
    subjects: int = 72
    positive: float = 258 / 359
    plants: Mapping[Modality, Plant] = field(default_factory=lambda: dict(_PLANTS))
    duration_s: tuple[float, float] = (240.0, 420.0)
    lag_s: tuple[float, float] = (60.0, 150.0)
    cue_s: float = 6.0
    grid_hz: float = 12.5
    appearance_width: int = 32
    text_width: int = 32
    text_cue_length: float = 3.0
    word_delay_s: tuple[float, float] = (0.8, 3.0)

    def __post_init__(self) -> None:
        needed_s = self.lag_s[1] + 2 * MARGIN_S + self.cue_s
        wrong = [
            (1 <= self.cue_s <= LONGEST_CUE_S, f"cue_s: expected 1 to {LONGEST_CUE_S:g} s"),
            (self.duration_s[0] > needed_s, f"duration_s: expected more than {needed_s:g} s"),
            (self.duration_s[0] <= self.duration_s[1], "duration_s: expected shortest, longest"),
            (
                NEAREST_S <= self.lag_s[0] <= self.lag_s[1],
                f"lag_s: expected {NEAREST_S:g} s or more",
            ),
            (1 <= self.subjects <= self.interviews, "subjects: expected 1 to interviews"),
            (self.text_cue_length > 0, "text_cue_length: expected more than 0"),
            (0 < self.positive < 1, "positive: expected a share between 0 and 1"),
        ]
        for right, expected in wrong:
            if not right:
                msg = f"{expected}; got {getattr(self, expected.split(':')[0])}"
                raise ConfigError(msg)

    def plant(self, modality: Modality) -> Plant:
        """Return what a modality tells; nothing where none was stated."""
        return self.plants.get(modality, Plant())


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The hidden variables of one interview.

    Attributes:
        entry: Who, and the label.
        duration_s: How long it is.
        signs: What each modality says; it may disagree with the label.
        cues_s: When cue A and cue B begin, by modality.
        cue_s: How long they last.
    """

    entry: Entry
    duration_s: float
    signs: Mapping[Modality, int]
    cues_s: Mapping[Modality, tuple[float, float]]
    cue_s: float


def write_scripts(config: SyntheticConfig) -> tuple[Script, ...]:
    """Draw the hidden variables of all interviews."""
    random = np.random.default_rng([config.seed, 0])
    count = config.interviews
    labels = np.zeros(count, np.int64)
    labels[: round(config.positive * count)] = 1
    labels = random.permutation(labels)
    subjects = random.permutation(np.arange(count) % config.subjects)
    signs = {name: _signs(labels, config.plant(name), random) for name in MODALITIES}
    countries = random.integers(len(NATIONALITIES), size=config.subjects)
    scripts = []
    for number in range(count):
        subject = int(subjects[number])
        duration_s = float(random.uniform(*config.duration_s))
        own = {name: int(signs[name][number]) for name in MODALITIES}
        entry = Entry(
            name=f"synthetic-{number:04d}",
            subject=f"s{subject:03d}",
            label=int(labels[number]),
            slices={
                "gender": GENDERS[subject % len(GENDERS)],
                "nationality": NATIONALITIES[countries[subject]],
            },
        )
        cues_s = {
            name: _cues_s(own[name], duration_s, config, config.plant(name), random)
            for name in MODALITIES
        }
        scripts.append(
            Script(entry=entry, duration_s=duration_s, signs=own, cues_s=cues_s, cue_s=config.cue_s)
        )
    return tuple(scripts)


def _signs(
    labels: Int64[ndarray, " N"], plant: Plant, random: np.random.Generator
) -> Int64[ndarray, " N"]:
    """Return signs of which exactly the stated share of either class agrees, to a rounding."""
    signs = labels.copy()
    for label in (0, 1):
        places = random.permutation(np.flatnonzero(labels == label))
        signs[places[round(plant.agrees * len(places)) :]] = 1 - label
    return signs


def _cues_s(
    sign: int,
    duration_s: float,
    config: SyntheticConfig,
    plant: Plant,
    random: np.random.Generator,
) -> tuple[float, float]:
    shortest_s, longest_s = config.lag_s
    # both are drawn in either case, so that what follows does not depend on how the sign is told
    a_first, place = bool(random.integers(2)), float(random.uniform())
    if plant.by == "order":
        a_first = bool(sign)
    else:
        place = SOON * place if sign else 1 - SOON * place
    lag_s = shortest_s + place * (longest_s - shortest_s)
    first_s = float(random.uniform(MARGIN_S, duration_s - MARGIN_S - config.cue_s - lag_s))
    times_s = first_s, first_s + lag_s
    return times_s if a_first else (times_s[1], times_s[0])
