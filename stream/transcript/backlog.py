"""Live sound that has piled up beyond what can be caught up with, and the gap that it leaves."""

from collections.abc import Sequence

from engines.spec.frame import SOUND_RATE_HZ, Gap, Sound

BACKLOG_S = 20.0
"""More sound than this is too much: the older half is skipped, so that it is not so again soon."""


def without_backlog(sounds: Sequence[Sound]) -> tuple[Sequence[Sound], Gap | None]:
    """Return the sound that is to be heard, and the gap before it; None if nothing is skipped."""
    left_s = sum(_duration_s(sound) for sound in sounds)
    if left_s <= BACKLOG_S:
        return sounds, None
    skipped = 0
    while left_s > BACKLOG_S / 2:
        left_s -= _duration_s(sounds[skipped])
        skipped += 1
    first, kept = sounds[0], sounds[skipped:]
    return kept, Gap(
        source=first.source,
        epoch=kept[0].epoch,
        medium="audio",
        reason="overrun",
        start_s=first.time_s if first.epoch == kept[0].epoch else None,
        end_s=kept[0].time_s,
        lost_s=sum(_duration_s(sound) for sound in sounds[:skipped]),
    )


def _duration_s(sound: Sound) -> float:
    return len(sound.samples) / SOUND_RATE_HZ
