"""The transcribe verb: one source in, what is said in it out; nobody looks, and there is no broker.

A file is read as fast as it can be heard, and each utterance once, at its end: nobody waits for its
words, so an utterance may be long, and the recogniser has whole sentences to go by. A live source
is heard as in a run, and its lines come as they become final. stdout is data; progress, and words
that may still change, go to a terminal's stderr.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeVar

import yaml
from rich.console import Console

from engines.config import Section
from engines.models.store import ModelStore
from engines.spec.reading import ModelCard
from stream import policy
from stream.account import Meters, session_record, summary_record
from stream.clock import Clock
from stream.config import Pace, Profile
from stream.console import stderr_console
from stream.errors import ReaderGoneError
from stream.listening import pacing_of
from stream.listening_view import ListeningView, progress
from stream.meter import EngineMeter
from stream.plan import Plan
from stream.profile import load_profile
from stream.publish.captions import CaptionsWriter
from stream.publish.jsonl import JsonlWriter
from stream.publish.live_file import STDOUT
from stream.publish.publisher import Publisher
from stream.publish.text import TextWriter
from stream.source.address import parse_sources
from stream.source.duration import duration_s
from stream.source.spec import SourceSpec
from stream.stop import Stop, signals
from stream.supervisor import Outcome, supervise
from stream.transcript.model import speech_card, speech_folder
from stream.transcript.speech_process import SpeechProcess
from stream.transcription import Transcription

Format = Literal["text", "vtt", "jsonl"]
SectionT = TypeVar("SectionT", bound=Section)

INTERRUPTED: Final = 130
OUT: Final = "--out"
SILENCE_S: Final = 1.5
"""So much silence ends an utterance of a file: a speaker who breathes has not come to an end."""
LONGEST_S: Final = 26.0
SUFFIXES: Final[dict[str, Format]] = {".vtt": "vtt", ".jsonl": "jsonl"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscribeOptions:
    """The arguments of ``subface transcribe``; None leaves the profile's value."""

    source: str
    format: Format | None
    out: Path
    model: str | None
    language: str | None
    profile: str
    overrides: Sequence[str]
    pace: Pace
    for_s: float | None

    def settings(self) -> list[str]:
        """Return the options that stand for keys of the profile, as overrides of it."""
        named = {"speech.model": self.model, "speech.language": self.language}
        return [
            *self.overrides,
            f"source.pace={self.pace}",
            *(f"{key}={_as_yaml(value)}" for key, value in named.items() if value is not None),
        ]

    def written_as(self) -> Format:
        """Return the format asked for, or else the one that the file's name asks for."""
        return self.format or SUFFIXES.get(self.out.suffix.lower(), "text")


def transcribe(options: TranscribeOptions) -> int:
    """Transcribe a source and return the exit code.

    Raises:
        SubfaceError: If the source, a model or the file to write to is not what it should be.
    """
    profile = load_profile(options.profile, options.settings())
    (spec,) = parse_sources([options.source])
    plan = Plan(
        profile=_listening(profile, spec),
        sources=(spec,),
        mqtt_url=None,
        jsonl=None,
        console=None,
        for_s=options.for_s,
    )
    try:
        return asyncio.run(_transcribe(options, plan, stderr_console(), ModelStore()))
    except ReaderGoneError:
        return 0  # `... | head` has seen enough


def _as_yaml(text: str) -> str:
    """Return a text in quotes: ``no`` is a language, and a path stays what it is."""
    return yaml.safe_dump(text, default_style='"', width=sys.maxsize).strip()


def _listening(profile: Profile, spec: SourceSpec) -> Profile:
    """Return the profile for who has no eyes, and of a file wants the text and not its becoming."""
    source = profile.source.model_copy(update={"sound": True})
    speech = profile.speech
    if speech.policy == "auto" and pacing_of(spec, profile) == "fast":
        voice = _unless_set(speech.voice, min_silence_s=SILENCE_S)
        patient = _unless_set(speech, longest_s=LONGEST_S)
        speech = patient.model_copy(update={"policy": "endpoint", "voice": voice})
    return profile.model_copy(update={"source": source, "speech": speech})


def _unless_set(section: SectionT, **values: float) -> SectionT:
    """Return a section with other values for what neither profile nor arguments say."""
    unsaid = {key: value for key, value in values.items() if key not in section.model_fields_set}
    return section.model_copy(update=unsaid)


async def _transcribe(
    options: TranscribeOptions, plan: Plan, console: Console, store: ModelStore
) -> int:
    profile, (spec,) = plan.profile, plan.sources
    note = policy.check(profile.policy, plan.sources, "off")
    clock, stop = Clock(), Stop()
    async with signals(stop), AsyncExitStack() as stack:
        folder = speech_folder(profile.speech, store)
        card = speech_card(profile.speech, store, grid_hz=profile.reading.grid_hz)
        writer = _writer(options, spec, card)
        await stack.enter_async_context(writer)
        view = ListeningView(console, partials=console.is_terminal)
        publisher = Publisher([view, writer], clock)
        ears = await stack.enter_async_context(SpeechProcess(folder, profile.speech))
        meters = Meters(eyes=None, engines=EngineMeter(profile.perception.runtime), ears=ears)
        session = session_record(plan, clock, note, card)
        await publisher.put(session)
        length_s = _length_s(options, plan) if console.is_terminal else None
        with progress(console, name=spec.name, duration_s=length_s) as reached:
            transcription = Transcription(
                profile=profile,
                ears=ears,
                publisher=publisher,
                clock=clock,
                stop=stop,
                reached=reached,
            )
            outcome = await _outcome(transcription, spec, plan.for_s)
        view.erase()
        await publisher.put(
            summary_record(session.id, [outcome], publisher=publisher, meters=meters, clock=clock)
        )
    if outcome.error is not None:
        raise outcome.error
    return INTERRUPTED if stop.interrupted else 0


def _writer(
    options: TranscribeOptions, spec: SourceSpec, card: ModelCard
) -> CaptionsWriter | JsonlWriter | TextWriter:
    match options.written_as():
        case "vtt":
            return CaptionsWriter(options.out, source=spec.name, model=card.name, option=OUT)
        case "jsonl":
            return JsonlWriter(options.out, option=OUT)
        case "text":
            return TextWriter(options.out, option=OUT)


def _length_s(options: TranscribeOptions, plan: Plan) -> float | None:
    """Return how long a file is; None if nobody waits for its end, or can see how it comes."""
    (spec,) = plan.sources
    is_seen = str(options.out) == STDOUT and sys.stdout.isatty()
    if is_seen or pacing_of(spec, plan.profile) != "fast":
        return None
    return duration_s(spec)


async def _outcome(transcription: Transcription, spec: SourceSpec, for_s: float | None) -> Outcome:
    """Listen until the source ends, for no longer than asked for."""
    loop, stop = asyncio.get_running_loop(), transcription.stop
    timer = None if for_s is None else loop.call_later(for_s, stop.request)
    try:
        (outcome,) = await supervise(
            [spec], transcription.run, stop=stop, monotonic_s=transcription.clock.monotonic_s
        )
    finally:
        if timer is not None:
            timer.cancel()
    return outcome
