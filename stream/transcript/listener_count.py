"""The account of one listener, or of several that hear one source."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class ListenerCount:
    """What was heard, and what it took."""

    passes: int = 0
    pass_s: float = 0.0
    """Wall seconds that they took."""
    utterances: int = 0
    words: int = 0
    skipped_s: float = 0.0
    """Sound that was not listened to: too much had come, or the recogniser died on it."""
    policy_changes: int = 0
    numbered: int = 0
    """Utterances that were said, final or not yet."""

    def next_number(self) -> int:
        """Return the number of an utterance that is said for the first time."""
        self.numbered += 1
        return self.numbered - 1
