"""From sound to words with their times, by Whisper (faster-whisper, CTranslate2).

A pass is a function of its sound: nothing is carried over, and the only temperature is 0, so the
same sound gives the same words. Where voices are is decided before (``engines.speech.voice``);
what Whisper makes of sound without one is a sentence all the same, which its own doubts give away.
"""

import logging
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.config import SpeechConfig
from engines.errors import ConfigError, EngineError, ModelError, ModelMissingError
from engines.spec.frame import SOUND_RATE_HZ
from engines.spec.transcript import UNSPACED, Hypothesis, Word
from engines.spec.voice import CHUNK
from engines.speech.placement import Span, placed, voiced_spans
from engines.speech.trimmed_whisper import (
    TRIED,
    WINDOW_S,
    TrimmedWhisper,
    trim_is_tried,
    window_s,
)
from engines.speech.voice import VoiceActivity

logger = logging.getLogger(__name__)

FILES: Final = ("config.json", "model.bin", "tokenizer.json")
"""What is in the folder of a model; without the last the library would ask the network for it."""
LONGEST_S: Final = 26.0
"""The window less the margin."""
TOKENS_AT_LEAST: Final = 16
TOKENS_A_S: Final = 20.0
"""Nobody speaks faster, in no language: a loop is cut here and does not fill the whole text."""
TOKENS_AT_MOST: Final = 220
"""What Whisper has room for beside the longest prompt."""

# Tried with tiny.en and base on 32 sounds without a voice (silence, noise, clicks, tones, music)
# and on speech cut at every second: no words of the former were left, and of the latter none that
# were right went.
NO_SPEECH: Final = 0.4
IMPROBABLE: Final = -1.0
"""Mean log probability of a token; with that much no-speech there was no voice."""
SURELY_NO_SPEECH: Final = 0.9
UNLIKELY: Final = -0.7
REPETITIVE: Final = 2.4
"""How much smaller zlib makes a text that goes round in circles; Whisper's own threshold."""


class Transcriber:
    """A Whisper model, opened.

    Args:
        folder: A model that CTranslate2 reads.
        config: Its device, precision, threads, beam, language, and whether it is trimmed.

    Raises:
        ModelMissingError: If there is no such folder.
        ModelError: If a file is missing in it.
        EngineError: If the runtime cannot load it, or not on that device.
        ConfigError: If the model does not know the language.

    Attributes:
        name: The folder's name.
        languages: Those it knows, as ISO 639-1 has them.
    """

    def __init__(self, folder: Path, config: SpeechConfig) -> None:
        _check_folder(folder)
        self.name = folder.name
        self._model = _open(folder, config)
        self.languages: tuple[str, ...] = tuple(sorted(self._model.supported_languages))
        self._voice = VoiceActivity()
        self._beam = config.beam
        self._trim = config.trim and trim_is_tried()
        if config.trim and not self._trim:
            logger.warning("speech: not trimmed, which was tried with faster-whisper %s", TRIED)
        self._check_language(config.language)

    def transcribe(
        self,
        samples: Float32[ndarray, " N"],
        *,
        start_s: float = 0.0,
        language: str | None = None,
        prompt: str = "",
    ) -> Hypothesis:
        """Return the words in a stretch of sound; none where no voice was heard.

        Args:
            samples: Sound at ``SOUND_RATE_HZ``, at most ``LONGEST_S``.
            start_s: Media time of its first sample.
            language: ISO 639-1; None to detect it.
            prompt: What was said before, which is then spelled alike.

        Raises:
            ValueError: If there is no sound, or too much.
            ConfigError: If the model does not know the language.
        """
        sound_s = len(samples) / SOUND_RATE_HZ
        if not 0 < sound_s <= LONGEST_S:
            msg = f"samples: expected some sound and at most {LONGEST_S:g} s, got {sound_s:g} s"
            raise ValueError(msg)
        self._check_language(language)
        self._model.look_at(window_s(sound_s) if self._trim else WINDOW_S)
        spoken, probability = self._detect(samples) if language is None else (language, 1.0)
        segments, _ = self._model.transcribe(
            samples,
            language=spoken,
            beam_size=self._beam,
            temperature=0.0,
            condition_on_previous_text=False,
            initial_prompt=prompt or None,
            word_timestamps=True,
            no_speech_threshold=NO_SPEECH,
            log_prob_threshold=IMPROBABLE,
            max_new_tokens=_most_tokens(sound_s),
        )
        heard = chain.from_iterable(s.words for s in segments if not _is_invented(s))
        glued = heard if spoken in UNSPACED else _glued(heard)
        voiced = self._voiced(samples)
        return Hypothesis(
            words=tuple(_on_the_clock(glued, start_s, sound_s, voiced)) if voiced else (),
            language=spoken,
            language_probability=probability,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del self._model

    def _detect(self, samples: Float32[ndarray, " N"]) -> tuple[str, float]:
        if self.languages == ("en",):
            return "en", 1.0
        # without the last frame it is what the pass itself encodes: one encoding serves both
        features = self._model.feature_extractor(samples)[..., :-1]
        language, probability, _ = self._model.detect_language(features=features)
        return language, min(max(float(probability), 0.0), 1.0)

    def _voiced(self, samples: Float32[ndarray, " N"]) -> tuple[Span, ...]:
        padded = np.pad(samples, (0, -len(samples) % CHUNK))
        scores, _ = self._voice.judge(padded, None)
        return voiced_spans(scores)

    def _check_language(self, language: str | None) -> None:
        if language is not None and language not in self.languages:
            known = ", ".join(self.languages)
            msg = f"speech.language: {self.name} does not know {language!r}, but {known}"
            raise ConfigError(msg)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        msg = f"{folder}: there is no such speech model; `subface models pull` fetches the models"
        raise ModelMissingError(msg)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        msg = f"{folder}: no speech model that CTranslate2 reads: {missing[0]} is missing"
        raise ModelError(msg)


def _open(folder: Path, config: SpeechConfig) -> TrimmedWhisper:
    try:
        return TrimmedWhisper(
            str(folder),
            device=config.device,
            compute_type=config.precision or ("int8" if config.device == "cpu" else "float16"),
            cpu_threads=config.threads,
            local_files_only=True,
        )
    except Exception as error:
        reason = " ".join(str(error).split())
        msg = f"{folder}: CTranslate2 cannot open this model on {config.device}. It says: {reason}"
        raise EngineError(msg) from error


def _most_tokens(sound_s: float) -> int:
    return min(TOKENS_AT_LEAST + int(TOKENS_A_S * sound_s), TOKENS_AT_MOST)


def _is_invented(segment: Any) -> bool:  # noqa: ANN401 (untyped)
    """Return whether there are words without a voice, or round in circles."""
    voiceless = segment.no_speech_prob > SURELY_NO_SPEECH and segment.avg_logprob < UNLIKELY
    return bool(voiceless or segment.compression_ratio > REPETITIVE)


def _glued(heard: Iterable[Any]) -> Iterator[Any]:
    """Put together what is written without a space between: ``cold`` and ``-hearted``."""
    word = None
    for piece in heard:
        if word is None or piece.word.startswith(" "):
            if word is not None:
                yield word
            word = piece
        else:
            word.word += piece.word
            word.end = piece.end
            word.probability = min(word.probability, piece.probability)
    if word is not None:
        yield word


def _on_the_clock(
    heard: Iterable[Any], start_s: float, sound_s: float, voiced: tuple[Span, ...]
) -> Iterator[Word]:
    """Put words on the media clock: inside their sound, one after another, where a voice is."""
    free_s = 0.0
    for word in heard:
        text = word.word.strip()
        if not any(sign.isalnum() for sign in text):
            continue
        begin_s = min(max(float(word.start), free_s), sound_s)
        free_s = min(max(float(word.end), begin_s), sound_s)
        spoken_s, silent_s = placed((begin_s, free_s), voiced)
        yield Word(
            text=text,
            start_s=start_s + spoken_s,
            end_s=start_s + silent_s,
            probability=min(max(float(word.probability), 0.0), 1.0),
        )
