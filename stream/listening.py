"""What hears and what reads the words of a run, as its profile says."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from jaxtyping import Float32
from numpy import ndarray

from engines.errors import ConfigError
from engines.models.store import ModelStore
from engines.spec.transcript import Utterance
from engines.speech.word_encoder import WordEncoder, open_word_encoder
from stream.config import Profile
from stream.meter import EngineMeter
from stream.source.sound import STEREO
from stream.source.spec import SourceSpec
from stream.tally import Tally
from stream.text_evidence import Embed
from stream.transcript.ears import Ears
from stream.transcript.listener import Listener, Pacing
from stream.transcript.listener_count import ListenerCount
from stream.transcript.listeners import Listeners
from stream.transcript.model import speech_folder
from stream.transcript.script import read_script
from stream.transcript.speech_process import SpeechProcess
from stream.worker import Worker

LIVE_PATIENCE_S = 1.5
"""Longer than the pauses of a network, shorter than anybody wants to wait for the last word."""


def is_heard(profile: Profile, sources: Sequence[SourceSpec] | None = None) -> bool:
    """Return whether anybody listens: to these sources, of which a picture has no sound."""
    speech = profile.speech
    wanted = speech.model is not None and speech.transcript is None and profile.source.sound
    return wanted and (sources is None or any(spec.kind != "picture" for spec in sources))


def has_words(profile: Profile, sources: Sequence[SourceSpec] | None = None) -> bool:
    """Return whether there are words, heard or given."""
    return profile.speech.transcript is not None or is_heard(profile, sources)


def is_read(profile: Profile, sources: Sequence[SourceSpec] | None = None) -> bool:
    """Return whether words are evidence, and a text encoder reads them."""
    return profile.text.model is not None and has_words(profile, sources)


def script_of(profile: Profile, sources: Sequence[SourceSpec]) -> tuple[Utterance, ...] | None:
    """Return the words that are given; None where none are.

    Raises:
        ConfigError: If they cannot be read, or there is not one recording that they belong to.
    """
    path = profile.speech.transcript
    if path is None:
        return None
    if len(sources) != 1 or sources[0].kind != "file":
        msg = f"transcript {path}: its times are those of one file; expected that file alone"
        raise ConfigError(msg)
    return read_script(path, sources[0].name)


def models_of(profile: Profile, sources: Sequence[SourceSpec] | None = None) -> tuple[str, ...]:
    """Return the names, in the manifest, of all the models that a run of these sources needs."""
    words = profile.text.models() if has_words(profile, sources) else ()
    ears = profile.speech.models() if is_heard(profile, sources) else ()
    return *profile.perception.models(), *ears, *words


@asynccontextmanager
async def open_ears(
    profile: Profile, store: ModelStore, sources: Sequence[SourceSpec] | None = None
) -> AsyncIterator[SpeechProcess | None]:
    """Open the recogniser; None if nobody listens.

    Raises:
        SubfaceError: If its model is missing or cannot be loaded, or does not know the language.
    """
    if not is_heard(profile, sources):
        yield None
        return
    async with SpeechProcess(speech_folder(profile.speech, store), profile.speech) as ears:
        yield ears


@asynccontextmanager
async def open_reader(
    profile: Profile,
    store: ModelStore,
    meter: EngineMeter,
    sources: Sequence[SourceSpec] | None = None,
) -> AsyncIterator[Embed | None]:
    """Open the text encoder, on a thread of its own; None if words are no evidence.

    Raises:
        SubfaceError: If its model is missing or cannot be loaded.
    """
    if not is_read(profile, sources):
        yield None
        return
    opened = partial(open_word_encoder, profile.text, store, meter.open)
    async with Worker("text", opened) as worker:

        async def embed(words: Sequence[str], language: str | None) -> Float32[ndarray, " D"]:
            return await worker.call(WordEncoder.embed, words, language)

        yield embed


def listeners_of(spec: SourceSpec, profile: Profile, ears: Ears, tally: Tally) -> Listeners:
    """Return the listeners of a source; they go on counting where those before them ended."""
    tally.listening = tally.listening or ListenerCount()
    listener = partial(
        Listener,
        spec.name,
        profile.speech,
        ears,
        pacing=pacing_of(spec, profile),
        count=tally.listening,
    )
    return Listeners(
        lambda channel: listener(channel=channel), in_turns=pacing_of(spec, profile) == "fast"
    )


def channels_of(profile: Profile) -> int:
    """Return in how many channels sound was told to come: so many packets are a moment."""
    return STEREO if profile.source.channels == "apart" else 1


def pacing_of(spec: SourceSpec, profile: Profile) -> Pacing:
    """Return how the sound of a source comes."""
    if spec.kind == "live":
        return "live"
    return "fast" if profile.source.pace == "fast" else "paced"


def patience_of(spec: SourceSpec) -> float | None:
    """Return how long no sound must come for somebody's speech to be over; None for a file."""
    return LIVE_PATIENCE_S if spec.kind == "live" else None
