"""The arguments of ``subface label``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from engines.errors import ConfigError
from stream.config import PolicyConfig
from training.labelling.caller import Manners
from training.labelling.conversation import Asking
from training.labelling.local import Local
from training.labelling.local_model.machine import Machine
from training.labelling.material import FaceVariant, Show, TranscriptVariant


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelOptions:
    """The arguments of ``subface label``."""

    clips: Sequence[str]
    teacher: Literal["gemini", "openai", "transformers", "recorded"] | Local
    out: Path
    labels: str
    model: str | None
    base_url: str | None
    key_env: str | None
    key_file: Path | None
    answers: Path | None
    transcripts: Path | None
    transcript: TranscriptVariant
    face: FaceVariant
    show: Show
    hz: float
    frames: int
    frame_px: int
    samples: int
    temperature: float
    max_output_tokens: int
    prompts: str
    budget_usd: float | None
    max_calls: int | None
    prices: Path | None
    manners: Manners
    timeout_s: float
    allow_upload: Sequence[str]
    policy: PolicyConfig
    cache: Path | None
    estimate_only: bool
    machine: Machine = field(default_factory=Machine)

    @property
    def asking(self) -> Asking:
        """How a model is asked about a clip."""
        labels = tuple(name.strip() for name in self.labels.split(","))
        if len(set(labels)) != len(labels) or len(labels) < 2 or not all(labels):  # noqa: PLR2004
            msg = f"--labels {self.labels}: expected two classes or more, each once, with commas"
            raise ConfigError(msg)
        return Asking(
            labels=labels,
            samples=self.samples,
            temperature=self.temperature,
            max_output_tokens=self.max_output_tokens,
        )
