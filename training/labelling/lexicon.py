"""A lexicon as a teacher: VADER on what is said, without any model or network.

Source: Hutto and Gilbert, VADER, ICWSM 2014. It reads English, and words alone.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from engines.errors import ConfigError
from engines.spec.labels import VALENCES
from training.labelling.material import Material
from training.labelling.sample import Sample

NEUTRAL_WITHIN: Final = 0.05
"""Of a compound score, from its authors."""


class LexiconTeacher:
    """Labels by the sentiment of the subject's words; one judgement a clip.

    Args:
        labels: Negative and positive, with neutral between or without.

    Raises:
        ConfigError: If the classes are not of these.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        if not {"negative", "positive"} <= set(labels) <= set(VALENCES):
            msg = f"--labels: a lexicon knows {', '.join(VALENCES)}; got {', '.join(labels)}"
            raise ConfigError(msg)
        self._labels = tuple(labels)
        self._analyzer = SentimentIntensityAnalyzer()

    @property
    def identity(self) -> Mapping[str, str]:
        """The lexicon's version."""
        return {
            "provider": "lexicon",
            "endpoint": "",
            "model": f"vaderSentiment {version('vaderSentiment')}",
            "prompts": "",
        }

    async def label(self, material: Material) -> tuple[Sample, ...]:
        """Label a clip by its words; without any, it abstains."""
        own = [line.text for line in material.lines if line.speaker != "other"]
        if not own:
            return (Sample(number=0, outcome="withdrawn", reason="nothing is said in it"),)
        compound = float(self._analyzer.polarity_scores(" ".join(own))["compound"])
        label = self._label(compound)
        if label is None:
            reason = "its words weigh nothing, or the same on both sides"
            return (Sample(number=0, outcome="withdrawn", reason=reason),)
        return (
            Sample(
                number=0,
                outcome="labelled",
                label=label,
                confidence=self._confidence(label, compound),
                reasoning=f"compound {compound:+.4f}",
                model_version=self.identity["model"],
                cost_usd=0.0,
                answered_at=datetime.now(UTC).isoformat(timespec="seconds"),
            ),
        )

    def _label(self, compound: float) -> str | None:
        neutral = "neutral" in self._labels
        if abs(compound) < NEUTRAL_WITHIN and (neutral or compound == 0):
            return "neutral" if neutral else None
        return "positive" if compound > 0 else "negative"

    def _confidence(self, label: str, compound: float) -> float:
        """Return how sure the score is, which nobody calibrated: half at none, one at full."""
        strength = 1 - abs(compound) if label == "neutral" else abs(compound)
        return (1 + strength) / 2
