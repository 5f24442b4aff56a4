"""One person from raw observations to evidence: what the live run and an offline replay step.

Everything a network remembers of a person lives here: the normalisation of the keypoints, the
rolling branches, and when each modality was last seen. A new epoch begins with a new state.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from jaxtyping import Float32
from numpy import ndarray

from engines.sequence.interview import Evidence, InterviewEngines, InterviewState
from engines.sequence.keypoint_state import KeypointState
from engines.sequence.normalize import normalize_tick
from engines.sequence.shape import Modality
from engines.spec.tick import PersonTick
from engines.spec.transcript import TextEvidence

MIN_TICKS: Final = 3
"""Fewer ticks with a face, or with keypoints, are a glimpse and no evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEvidence:
    """What a network has of one person at one time.

    Attributes:
        evidence: What it makes of it; None if it has nothing that counts.
        missing: Modalities of which nothing, or a glimpse, was seen.
        stale: Modalities of which nothing came for too long.
    """

    evidence: Evidence | None
    missing: tuple[Modality, ...]
    stale: tuple[Modality, ...]


class PersonState:
    """The rolling state of one person in one epoch.

    Args:
        engines: The network's graphs.
        still: Whether there is a single picture, of which one tick is all that can be had.
    """

    def __init__(self, engines: InterviewEngines, *, still: bool = False) -> None:
        self._stepped = tuple(engines.steps)
        self._stale_s = engines.checkpoint.description.stale_s
        self._interview = InterviewState(engines)
        self._keypoints = KeypointState.fresh()
        self._text: TextEvidence | None = None
        self._min_ticks = 1 if still else MIN_TICKS
        self._ticks: Counter[Modality] = Counter()
        self._newest_s: dict[Modality, float] = {}

    def step(self, tick: PersonTick) -> None:
        """Take a tick.

        Args:
            tick: Ticks and their times rise.

        Raises:
            ValueError: If they do not, or a feature is not finite or of another shape.
            EngineError: If the network makes of it what is no number.
        """
        features: dict[Modality, Float32[ndarray, ...]] = {}
        if tick.appearance is not None:
            features["image"] = tick.appearance
        if tick.keypoints is not None and "keypoints" in self._stepped:
            made, self._keypoints = normalize_tick(
                tick.keypoints, time_s=tick.time_s, shot=tick.shot, state=self._keypoints
            )
            if made is not None:
                features["keypoints"] = made
        # words are stepped once, when more of them are known
        if tick.text is not None and tick.text is not self._text:
            features["text"] = tick.text.embedding
            self._text = tick.text
        for name in self._interview.step(tick.tick, features):
            self._ticks[name] += 1
            words = self._text if name == "text" else None
            self._newest_s[name] = tick.time_s if words is None else words.end_s

    def read(self, time_s: float) -> PersonEvidence:
        """Read the person as of a media time, which is not before the last tick.

        Raises:
            EngineError: If the network makes of it what is no number.
        """
        least = {"text": 1}
        missing = tuple(
            name for name in self._stepped if self._ticks[name] < least.get(name, self._min_ticks)
        )
        stale = tuple(name for name in self._stepped if self._is_stale(name, time_s))
        return PersonEvidence(
            evidence=self._interview.read(stale={*missing, *stale}),
            missing=missing,
            stale=tuple(name for name in stale if name not in missing),
        )

    def _is_stale(self, name: Modality, time_s: float) -> bool:
        newest_s, limit_s = self._newest_s.get(name), self._stale_s.get(name)
        return newest_s is not None and limit_s is not None and time_s - newest_s > limit_s
