"""The language of an utterance: given once for all, or heard in it.

A second of speech is too little to tell a language by, so what is shorter keeps that of the
utterance before, and one that is not sure keeps it too.
"""

from engines.spec.transcript import Hypothesis

ENOUGH_S = 2.0
"""A language is heard in so much sound."""
SURE = 0.6
"""The least probability at which it changes from that of the utterance before."""


class SpokenLanguage:
    """Follows the language from utterance to utterance.

    Args:
        given: ISO 639-1 where it is given; None to detect it.

    Attributes:
        current: That of this utterance as far as it is known, or of the one before.
        decided: Whether it is that of this utterance, and stays.
    """

    def __init__(self, given: str | None) -> None:
        self.current = given
        self.decided = given is not None
        self._given = given

    def begin(self) -> None:
        """Begin an utterance: its language is open, unless it is given."""
        self.decided = self._given is not None

    def asked(self, sound_s: float) -> str | None:
        """Return the language to hear so much sound in; None to detect it."""
        return None if not self.decided and sound_s >= ENOUGH_S else self.current

    def heard(self, hypothesis: Hypothesis, sound_s: float) -> bool:
        """Take what a pass detected; False if the sound is to be heard again in ``current``."""
        if self.decided or sound_s < ENOUGH_S:
            return True
        self.decided = True
        other = self.current is not None and hypothesis.language != self.current
        if other and hypothesis.language_probability < SURE:
            return False
        self.current = hypothesis.language
        return True
