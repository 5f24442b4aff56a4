"""What hears: voice activity and Whisper, opened together, since one process owns both."""

from pathlib import Path
from types import TracebackType
from typing import Self

from jaxtyping import Float32
from numpy import ndarray

from engines.config import SpeechConfig
from engines.spec.transcript import Hypothesis
from engines.spec.voice import VoiceState
from engines.speech.transcriber import Transcriber
from engines.speech.voice import VoiceActivity


class Recogniser:
    """Both networks of speech. It remembers nothing: its calls are functions of their arguments.

    Args:
        folder: A Whisper model that CTranslate2 reads.
        config: How it is opened.

    Raises:
        ModelError: If the folder is missing, or holds no such model.
        EngineError: If the runtime cannot load it.
        ConfigError: If the model does not know the language.
    """

    def __init__(self, folder: Path, config: SpeechConfig) -> None:
        self._transcriber = Transcriber(folder, config)
        self._voice = VoiceActivity()

    def voice(
        self, samples: Float32[ndarray, " N"], state: VoiceState | None
    ) -> tuple[Float32[ndarray, " M"], VoiceState]:
        """Return how surely each chunk holds a voice (``VoiceActivity.judge``)."""
        return self._voice.judge(samples, state)

    def transcribe(
        self, samples: Float32[ndarray, " N"], start_s: float, language: str | None, prompt: str
    ) -> Hypothesis:
        """Return the words in a stretch of sound (``Transcriber.transcribe``)."""
        return self._transcriber.transcribe(
            samples, start_s=start_s, language=language, prompt=prompt
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._transcriber.__exit__(exc_type, exc, traceback)
