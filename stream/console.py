"""The console: one line a reading or an utterance, and the account of the run at its end.

Everything here goes to stderr: stdout is for data.
"""

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from engines.spec.reading import Reading
from engines.spec.transcript import Speaker
from stream.records import (
    EdgeCount,
    Event,
    GapRecord,
    Record,
    Session,
    SpeechSummary,
    Status,
    Summary,
    Transcript,
)

PIPE_WIDTH = 1000  # cells: in a log no line is broken, so that a message can be searched for
GAUGE_WIDTH = 10  # cells on each side of neutral
MUCH_CONTRADICTION = 0.4  # beyond this it is shown
GOOD_VALENCE = 0.25  # beyond this a valence is coloured: for the eye only

CHANNELS = ("left", "right")
SPEAKERS: dict[Speaker, str] = {"subject": "subj", "other": "other", "unknown": "?"}

ABSTENTIONS = {
    "nobody": "nobody in the picture",
    "no_face": "no face to read",
    "too_little_data": "too little seen yet",
    "no_evidence": "nothing to go by",
    "unsure": "unsure",
}


def stderr_console() -> Console:
    """Return the console of what people read: as wide as their terminal, unbroken in a pipe."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else PIPE_WIDTH)


class ConsoleView:
    """Shows records to a person at a terminal; a sink like any other.

    Args:
        console: Where to; stderr.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = 0

    @property
    def count(self) -> EdgeCount:
        """What was shown."""
        return EdgeCount(edge="console", received=self._shown, delivered=self._shown, drops={})

    async def settle(self, within_s: float) -> None:
        """Return: what was put is shown."""

    async def put(self, record: Record) -> None:
        """Show one record."""
        self._shown += 1
        match record:
            case Reading():
                self._console.print(reading_line(record), highlight=False, soft_wrap=True)
            case Transcript(final=True):
                self._console.print(transcript_line(record), highlight=False, soft_wrap=True)
            case Event():
                line = f"{record.source}  {record.person_id}  {record.phase}"
                self._console.print(f"{media_time(record.time_s)}  {line}", style="cyan")
            case GapRecord():
                line = f"{record.source}  {record.medium} gap of {record.lost_s:.1f} s"
                self._console.print(f"{line}: {record.reason}", style="yellow")
            case Status(detail=detail) if record.state in {"reconnecting", "failed"}:
                line = f"{record.source}  {record.role} {record.state}: {detail}"
                self._console.print(line, style="yellow")
            case Summary():
                self._console.print(summary_table(record))
            case Session() | Status() | Transcript():
                pass


def reading_line(reading: Reading) -> Text:
    """Return a reading as one line."""
    person = reading.person_id or "-"
    line = Text(f"{media_time(reading.window.end_s)}  {reading.source:<16.16}  {person:<4}  ")
    surface = reading.surface
    if surface is None:
        reason = ABSTENTIONS.get(reading.abstained.surface or "", "")
        line.append(f"surface abstains: {reason}", style="dim")
    else:
        confidence = surface.probabilities[surface.label]
        line.append(f"surface {surface.label:<8} {confidence:4.2f}  ")
        line.append(
            f"{gauge(surface.valence)} {surface.valence:+5.2f}", style=_style(surface.valence)
        )
    line.append_text(_fused(reading))
    line.append(f"  faces {reading.window.coverage.image:4.0%}", style="dim")
    line.append(f"  {reading.latency_ms.total:5.0f} ms", style="dim")
    return line


def _fused(reading: Reading) -> Text:
    """Return what the network says, and by how much the face says otherwise if that is much."""
    fused, reason = reading.fused, reading.abstained.fused
    if reason in {"no_network", "nobody"}:
        return Text()
    if fused is None:
        said = Text(f"  fused abstains: {ABSTENTIONS.get(reason or '', '')}", style="dim")
    else:
        said = Text(f"  fused {fused.label:<8} {fused.probabilities[fused.label]:4.2f} ")
        said.append(f"{fused.valence:+5.2f}", style=_style(fused.valence))
    contradiction = reading.contradiction
    if contradiction is not None and contradiction > MUCH_CONTRADICTION:
        said.append(f"  contradiction {contradiction:4.2f}", style="yellow")
    return said


def transcript_line(transcript: Transcript) -> Text:
    """Return what was said as one line; what nobody who is watched said is dim."""
    who = transcript.person_id or SPEAKERS[transcript.speaker]
    channel = transcript.channel
    if transcript.speaker == "unknown" and channel is not None and channel < len(CHANNELS):
        who = CHANNELS[channel]
    line = f"{media_time(transcript.start_s)}  {transcript.source:<16.16}  {who:<4}  "
    style = "bold" if transcript.speaker == "subject" else "dim"
    return Text(line).append(f"\u201c{transcript.text}\u201d", style=style)


def gauge(valence: float) -> str:
    """Return a valence in [-1, 1] as a bar that grows to the left or to the right."""
    cells = round(abs(valence) * GAUGE_WIDTH)
    bar = "█" * cells
    left, right = (bar, "") if valence < 0 else ("", bar)
    return f"{left:>{GAUGE_WIDTH}}│{right:<{GAUGE_WIDTH}}"


def media_time(seconds: float) -> str:
    """Return seconds as minutes and seconds."""
    minutes, rest = divmod(max(seconds, 0.0), 60)
    return f"{int(minutes):02d}:{rest:04.1f}"


def summary_table(summary: Summary) -> Table:
    """Return the account of a run: in = out + drops for every edge."""
    table = Table(title="Summary", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for source in summary.sources:
        rate = source.frames_analysed / source.wall_s if source.wall_s else 0.0
        table.add_row(source.source, source.outcome)
        table.add_row(
            "",
            f"{source.media_s:.1f} s of media in {source.wall_s:.1f} s; frames decoded "
            f"{source.frames_decoded}, analysed {source.frames_analysed} ({rate:.1f}/s); sound "
            f"{source.sound_s:.1f} s; epochs {source.epochs}, shots {source.shots}, "
            f"gaps {source.gaps}",
        )
        table.add_row(
            "",
            f"readings {source.readings}, with a surface {source.readings_with_surface}, fused "
            f"{source.readings_with_fused}",
        )
        if source.total_ms is not None:
            spread = source.total_ms
            table.add_row(
                "",
                f"arrival to publication: median {spread.p50:.0f} ms, p95 {spread.p95:.0f} ms, "
                f"max {spread.max:.0f} ms (newest {spread.n})",
            )
        if source.speech is not None:
            table.add_row("", _heard(source.speech))
        for edge in source.edges:
            table.add_row("", _conservation(edge))
    for delivery in summary.deliveries:
        table.add_row("to", _conservation(delivery))
    engines = ", ".join(f"{name} {spent:.2f}" for name, spent in summary.engine_s.items())
    table.add_row("engines", f"seconds inside: {engines or 'none'}")
    table.add_row(
        "process", f"CPU {summary.cpu_s:.1f} s, peak memory {summary.peak_memory_mb:.0f} MB"
    )
    return table


def _heard(speech: SpeechSummary) -> str:
    heard = (
        f"heard {speech.words} words in {speech.utterances} utterances, "
        f"{speech.words_of_subject} of them the subject's; {speech.passes} passes"
    )
    if speech.delay_s is not None:
        heard += f"; known {speech.delay_s.p50:.1f} s after they end, p95 {speech.delay_s.p95:.1f}"
    if speech.skipped_s or speech.switches:
        heard += f"; {speech.skipped_s:.1f} s skipped, {speech.switches} changes of policy"
    return heard


def _conservation(edge: EdgeCount) -> str:
    drops = ", ".join(f"{reason} {n}" for reason, n in edge.drops.items()) or "none"
    lost = sum(edge.drops.values())
    holds = edge.received == edge.delivered + lost
    verdict = "" if holds else "  DOES NOT ADD UP"
    return (
        f"{edge.edge}: in {edge.received} = out {edge.delivered} + drops {lost} ({drops}){verdict}"
    )


def _style(valence: float) -> str:
    return "green" if valence > GOOD_VALENCE else "red" if valence < -GOOD_VALENCE else ""
