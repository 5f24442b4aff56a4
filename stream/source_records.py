"""What happened in a source, as the records that tell of it."""

from engines.spec.frame import Gap
from engines.spec.transcript import Utterance
from stream.clock import Clock
from stream.records import GapRecord, Status, Transcript
from stream.source.spec import SourceState

MS_DIGITS = 3


def transcript_record(utterance: Utterance, clock: Clock) -> Transcript:
    """Return a revision of an utterance, with an id of its own."""
    return Transcript(
        id=clock.new_id(),
        source=utterance.source,
        epoch=utterance.epoch,
        utterance=utterance.number,
        revision=utterance.revision,
        final=utterance.final,
        start_s=round(utterance.start_s, MS_DIGITS),
        end_s=round(utterance.end_s, MS_DIGITS),
        available_s=round(utterance.available_s, MS_DIGITS),
        language=utterance.language,
        speaker=utterance.speaker,
        person_id=utterance.person_id,
        text=utterance.text,
        words=utterance.words,
        channel=utterance.channel,
        published=clock.now(),
    )


def gap_record(gap: Gap, clock: Clock) -> GapRecord:
    """Return media that did not come."""
    return GapRecord(
        id=clock.new_id(),
        source=gap.source,
        epoch=gap.epoch,
        medium=gap.medium,
        reason=gap.reason,
        start_s=gap.start_s,
        end_s=gap.end_s,
        lost_s=gap.lost_s,
        published=clock.now(),
    )


def status_record(state: SourceState, clock: Clock) -> Status:
    """Return how a source's picture or sound is doing."""
    return Status(
        source=state.source,
        role=state.role,
        state=state.state,
        detail=state.detail,
        since=clock.now(),
    )
