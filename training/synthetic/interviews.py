"""A set of made-up interviews, each drawn when it is asked for.

Nothing is kept: an interview of six minutes has eight megabytes of keypoints, and drawing it takes
less than reading it would. Each has a random generator of its own, so that it is the same whether
it is drawn first, last or alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, overload

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from numpy import ndarray

from engines.sequence.checkpoint import Fed
from engines.sequence.shape import MODALITIES, Modality
from engines.spec.reading import Construct
from engines.spec.skeleton import LEFT_HAND, POINTS, RIGHT_HAND
from training.interview import Entry, Interview
from training.synthetic.body import (
    FOREHEAD,
    TABLE,
    THROAT,
    hidden_by_desk,
    moving,
    raised,
    seated,
    wander,
)
from training.synthetic.script import Script, SyntheticConfig, write_scripts
from training.synthetic.speech import speech

PICTURE_PX: Final = (1280.0, 720.0)
MIDDLE_PX: Final = (640.0, 370.0)
SHOULDERS_PX: Final = 250.0
CUE_LENGTH: Final = 3.0
"""How far a cue moves an appearance vector, whose numbers vary by 0.5 among people, 0.4 in one."""

CUTAWAY: Final = 0.2
"""So many shots are followed by one in which the subject is not seen."""
CUTAWAY_S: Final = (2.0, 5.0)
SHOT_S: Final = (8.0, 40.0)
GESTURE_S: Final = 3.0
"""How long a hand takes that accompanies speech."""
LOST: Final = 0.03
"""So many ticks have no keypoints, and as many, others, no appearance."""
MISSING: Final = 0.02
"""So many points are missing on a tick."""


@dataclass(frozen=True, slots=True)
class Directions:
    """Which way appearance and text turn for cue A and for cue B, the same for everybody."""

    appearance: Float64[ndarray, "2 D"]
    text: Float64[ndarray, "2 E"]


class SyntheticInterviews(Sequence[Interview]):
    """Made-up interviews.

    Args:
        config: How many, how long, and what is planted.

    Attributes:
        labels: The names of the classes.
        taught: What they are of: nothing that a person shows.
        scripts: The hidden variables, for those who judge and not for those who learn.
        directions: As the scripts, hidden.
    """

    labels: Final = ("no", "yes")
    taught: Final[Construct] = "synthetic"

    def __init__(self, config: SyntheticConfig) -> None:
        self.config = config
        self.scripts = write_scripts(config)
        random = np.random.default_rng([config.seed, 1])
        self.directions = Directions(
            _across(config.appearance_width, random), _across(config.text_width, random)
        )
        self._people = 0.5 * random.normal(size=(config.subjects, config.appearance_width))
        self._builds = random.normal(size=(config.subjects, POINTS, 2)) * 0.02

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Who is interviewed and what is to be learned, without drawing anything."""
        return tuple(script.entry for script in self.scripts)

    @property
    def name(self) -> str:
        """What a card calls the data."""
        return f"made-up interviews (seed {self.config.seed})"

    @property
    def fed(self) -> Mapping[Modality, Fed]:
        """What made the features: no live run has it."""
        return {name: Fed(name="made up") for name in MODALITIES}

    @property
    def word_delay_s(self) -> float:
        """How late words are known after they were said, on average."""
        return sum(self.config.word_delay_s) / 2

    def __len__(self) -> int:
        return len(self.scripts)

    def __iter__(self) -> Iterator[Interview]:
        return (self[number] for number in range(len(self)))

    @overload
    def __getitem__(self, number: int) -> Interview: ...
    @overload
    def __getitem__(self, number: slice) -> list[Interview]: ...
    def __getitem__(self, number: int | slice) -> Interview | list[Interview]:
        if isinstance(number, slice):
            return [self[place] for place in range(*number.indices(len(self)))]
        script = self.scripts[number]
        random = np.random.default_rng([self.config.seed, 2, number % len(self)])
        ticks = int(script.duration_s * self.config.grid_hz)
        time_s = np.arange(ticks) / self.config.grid_hz
        shot, seen = _shots(time_s, script, random)
        subject = int(script.entry.subject[1:])
        keypoints, keypoints_valid = _keypoints(
            script, self._builds[subject], time_s=time_s, shot=shot, seen=seen, random=random
        )
        appearance, appearance_valid = self._appearance(time_s, seen, script, subject, random)
        text, available_s = speech(
            script,
            directions=self.directions.text,
            cue_length=self.config.text_cue_length,
            word_delay_s=self.config.word_delay_s,
            random=random,
        )
        return Interview(
            entry=script.entry,
            grid_hz=self.config.grid_hz,
            time_s=time_s,
            shot=shot,
            keypoints=keypoints,
            keypoints_valid=keypoints_valid,
            appearance=appearance,
            appearance_valid=appearance_valid,
            text=text,
            text_available_s=available_s,
        )

    def _appearance(
        self,
        time_s: Float64[ndarray, " T"],
        seen: Bool[ndarray, " T"],
        script: Script,
        subject: int,
        random: np.random.Generator,
    ) -> tuple[Float32[ndarray, "T D"], Bool[ndarray, " T"]]:
        width = self.config.appearance_width
        vectors = self._people[subject] + 0.3 * random.standard_normal(
            (len(time_s), width), np.float32
        )
        vectors += 0.3 * np.stack([wander(time_s, 6.0, random) for _ in range(width)], axis=1)
        for start_s, direction in zip(
            script.cues_s["image"], self.directions.appearance, strict=True
        ):
            vectors += (
                CUE_LENGTH * raised(time_s, start_s, lasting_s=script.cue_s)[:, None] * direction
            )
        valid = seen & (random.uniform(size=len(time_s)) >= LOST)
        return np.where(valid[:, None], vectors, 0).astype(np.float32), valid


def _across(width: int, random: np.random.Generator) -> Float64[ndarray, "2 D"]:
    """Return two directions at right angles."""
    turned, _ = np.linalg.qr(random.normal(size=(width, 2)))
    return np.asarray(turned.T)


def _shots(
    time_s: Float64[ndarray, " T"], script: Script, random: np.random.Generator
) -> tuple[Int64[ndarray, " T"], Bool[ndarray, " T"]]:
    """Return the shot of each tick, and whether the subject is in it; always during a cue."""
    cues_s = [cue_s for name in ("image", "keypoints") for cue_s in script.cues_s[name]]
    starts_s: list[float] = []
    away: list[bool] = []
    end_s = 0.0
    while end_s <= time_s[-1]:
        turns = bool(away) and not away[-1] and random.uniform() < CUTAWAY
        start_s, end_s = end_s, end_s + float(random.uniform(*(CUTAWAY_S if turns else SHOT_S)))
        starts_s.append(start_s)
        shows = any(start_s < cue_s + script.cue_s and cue_s < end_s for cue_s in cues_s)
        away.append(turns and not shows)
    shot = np.searchsorted(np.array(starts_s), time_s, side="right") - 1
    return shot.astype(np.int64), ~np.array(away)[shot]


def _keypoints(
    script: Script,
    build: Float64[ndarray, "137 2"],
    *,
    time_s: Float64[ndarray, " T"],
    shot: Int64[ndarray, " T"],
    seen: Bool[ndarray, " T"],
    random: np.random.Generator,
) -> tuple[Float32[ndarray, "T 137 3"], Bool[ndarray, " T"]]:
    rest = seated() + build
    moves, busy = _moves(time_s, script, random)
    points = rest + (moving() @ moves)
    points += 0.008 * random.standard_normal(points.shape, dtype=np.float32)
    # two cameras, one a little nearer; a cut goes from one to the other or stays
    near = 1 + 0.12 * random.integers(2, size=shot[-1] + 1)[shot]
    points = points * (SHOULDERS_PX * near)[:, None, None] + MIDDLE_PX
    score = 0.75 + 0.1 * random.standard_normal(points.shape[:2], dtype=np.float32)
    score = np.clip(score, 0.2, 1)
    missing = np.isnan(points[:, :, 0]) | (random.random(score.shape, dtype=np.float32) < MISSING)
    missing |= ((points < 0) | (points >= PICTURE_PX)).any(axis=2)
    for side, hand in enumerate((LEFT_HAND, RIGHT_HAND)):
        missing[:, hand] |= hidden_by_desk(time_s, busy[side], random)[:, None]
    valid = seen & (random.uniform(size=len(time_s)) >= LOST)
    found = ~missing & valid[:, None]
    keypoints = np.concatenate([points, score[:, :, None]], axis=2)
    return np.where(found[:, :, None], keypoints, 0).astype(np.float32), valid


def _moves(
    time_s: Float64[ndarray, " T"], script: Script, random: np.random.Generator
) -> tuple[Float64[ndarray, "T 4 2"], Bool[ndarray, "2 T"]]:
    """Return how trunk, head, left and right hand move, and when each hand is busy."""
    moves = np.zeros((len(time_s), 4, 2))
    for group, (step_s, size) in enumerate(((8.0, 0.06), (2.0, 0.05), (3.0, 0.04), (3.0, 0.04))):
        for axis in range(2):
            moves[:, group, axis] = size * wander(time_s, step_s, random)
    busy = np.zeros((2, len(time_s)), np.bool_)
    cues_s = script.cues_s["keypoints"]
    gestures = [
        (start_s, script.cue_s, target)
        for start_s, target in zip(cues_s, (FOREHEAD, THROAT), strict=True)
    ]
    others_s = np.cumsum(random.uniform(4, 14, size=int(time_s[-1] / 4) + 1)).tolist()
    gestures.extend(
        (start_s, GESTURE_S, TABLE)
        for start_s in others_s
        if all(abs(start_s - cue_s) > script.cue_s + GESTURE_S for cue_s in cues_s)
    )
    for start_s, lasting_s, (across, height) in gestures:
        side = int(random.integers(2))  # 0: the person's left, to the right in the picture
        sign = 1 - 2 * side
        come = raised(time_s, start_s, lasting_s=lasting_s)
        target = np.array([sign * across, height])
        resting = np.array([sign * 0.3, 1.1])
        moves[:, 2 + side] += come[:, None] * (target - resting)
        busy[side] |= come > 0
    return moves, busy
