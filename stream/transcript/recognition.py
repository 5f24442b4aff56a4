"""What a listener asks of the ears, and how: each question twice, in a language, with a prompt.

What dies on some sound may live through it a second time; what dies twice on it would a third time.
"""

import logging

from jaxtyping import Float32
from numpy import ndarray

from engines.spec.frame import SOUND_RATE_HZ
from engines.spec.transcript import Hypothesis, Utterance
from engines.spec.voice import VoiceState
from stream.errors import EarsLostError
from stream.transcript.ears import Ears
from stream.transcript.language import SpokenLanguage
from stream.transcript.listener_count import ListenerCount

log = logging.getLogger(__name__)

TRIES = 2
PROMPT_WORDS = 12
PROMPT_S = 5.0
"""The words before are a prompt only if they were said so recently."""
OVERLAP_S = 0.1
"""Times of words are uncertain: one that ends so much behind a cut was said before it."""


class Recognition:
    """Asks on behalf of one source, and remembers its language and what was said.

    Args:
        ears: What hears.
        language: ISO 639-1; None to detect it.
        count: The account that its passes are entered in.
    """

    def __init__(self, ears: Ears, language: str | None, count: ListenerCount) -> None:
        self._ears = ears
        self._language = SpokenLanguage(language)
        self._count = count
        self._voice: VoiceState | None = None
        self._before: Utterance | None = None

    @property
    def decided(self) -> bool:
        """Whether the language of this utterance is known, and stays."""
        return self._language.decided

    def reset_voice(self) -> None:
        """Forget the sound before: there is a hole."""
        self._voice = None

    def begin(self) -> None:
        """Begin an utterance."""
        self._language.begin()

    def end(self, utterance: Utterance) -> None:
        """Take what was said: it is the prompt of what is said next."""
        self._before = utterance

    async def judge(self, samples: Float32[ndarray, " N"]) -> Float32[ndarray, " M"] | None:
        """Return how surely each chunk holds a voice; None if the recogniser died on it."""
        for _ in range(TRIES):
            try:
                scores, self._voice = await self._ears.voice(samples, self._voice)
            except EarsLostError as error:
                log.info("voice: %s", error)
            else:
                return scores
        return None

    async def hear(self, samples: Float32[ndarray, " N"], start_s: float) -> Hypothesis | None:
        """Return the words of an utterance so far; None if the recogniser died on it."""
        sound_s = len(samples) / SOUND_RATE_HZ
        hypothesis = await self._ask(samples, start_s, self._language.asked(sound_s))
        if hypothesis is None or self._language.heard(hypothesis, sound_s):
            return hypothesis
        return await self._ask(samples, start_s, self._language.current)

    async def _ask(
        self, samples: Float32[ndarray, " N"], start_s: float, language: str | None
    ) -> Hypothesis | None:
        prompt = self._prompt(start_s, language)
        hypothesis = await self._pass(samples, start_s, language, prompt)
        if prompt and hypothesis is not None and not hypothesis.words:
            # A prompt at times makes Whisper believe that all has been said.
            return await self._pass(samples, start_s, language, "")
        return hypothesis

    async def _pass(
        self, samples: Float32[ndarray, " N"], start_s: float, language: str | None, prompt: str
    ) -> Hypothesis | None:
        for _ in range(TRIES):
            self._count.passes += 1
            try:
                return await self._ears.transcribe(
                    samples, start_s=start_s, language=language, prompt=prompt
                )
            except EarsLostError as error:
                log.info("transcribe: %s", error)
        return None

    def _prompt(self, start_s: float, language: str | None) -> str:
        before = self._before
        if before is None or before.language != language:
            return ""
        recent = -OVERLAP_S <= start_s - before.end_s <= PROMPT_S
        return " ".join(word.text for word in before.words[-PROMPT_WORDS:]) if recent else ""
