"""Who spoke for how long: what the ears tell the rule that chooses who is watched."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One final utterance, as the choice of the subject counts it.

    Attributes:
        person_id: Who said it.
        seconds: How long it took.
        available_s: Media time from which on it is known.
    """

    person_id: str
    seconds: float
    available_s: float
