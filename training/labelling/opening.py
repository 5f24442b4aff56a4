"""The model that a user names, opened; the one place where a provider's client is imported."""

from pathlib import Path
from typing import Literal

from engines.errors import ConfigError
from training.labelling.local_model.files import ModelFiles
from training.labelling.local_model.machine import Machine
from training.labelling.secret import Secret
from training.labelling.teacher import VisionLanguageModel

Provider = Literal["gemini", "openai"]
KEY_VARIABLES: dict[Provider, str] = {"gemini": "GEMINI_API_KEY", "openai": "OPENAI_API_KEY"}
USUAL_MODELS: dict[Provider, str] = {"gemini": "gemini-2.5-pro", "openai": "gpt-4.1"}


def open_model(
    provider: Provider, model: str, key: Secret, *, base_url: str | None, timeout_s: float
) -> VisionLanguageModel:
    """Return a model of a provider.

    Args:
        provider: Whose wire format is spoken.
        model: Its name.
        key: Of the interface.
        base_url: Where it answers; None for the provider's own address.
        timeout_s: Of one attempt.
    """
    match provider:
        case "gemini":
            from training.labelling import gemini

            return gemini.GeminiModel(model, key, base_url=base_url, timeout_s=timeout_s)
        case "openai":
            from training.labelling import openai_compatible

            return openai_compatible.OpenAiModel(
                model,
                key,
                base_url=base_url,
                timeout_s=timeout_s,
            )


def open_local_model(
    files: ModelFiles, machine: Machine, *, timeout_s: float
) -> VisionLanguageModel:
    """Return a model on this machine, its weights read. It blocks.

    Args:
        files: Where it lies.
        machine: What it computes on.
        timeout_s: Of one answer.

    Raises:
        ConfigError: If it cannot be opened, or no Python here can.
    """
    from training.labelling.local_model.model import LocalModel

    return LocalModel(files, machine, timeout_s=timeout_s)


def open_recorded(answers: Path | None) -> VisionLanguageModel:
    """Return stored answers as a model.

    Raises:
        ConfigError: If no file is named.
        DatasetError: If it cannot be read.
    """
    if answers is None:
        msg = "--teacher recorded: expected the stored answers, --answers FILE.jsonl"
        raise ConfigError(msg)
    from training.labelling.recorded import RecordedModel

    return RecordedModel(answers)
