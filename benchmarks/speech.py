"""Streaming against offline: word errors, how late words come, what they cost; and silence.

    .venv/bin/python benchmarks/speech.py [MODEL ...] [--simulated] [--leads 0.5 ...]
        [--set KEY=VALUE ...] [--noise-s 300] [--show]

MODEL is one of the manifest or a folder that CTranslate2 reads; whisper-base and whisper-tiny.en by
default. Word errors are counted by jiwer after Whisper's own normalization of English, on
recordings with a reference text: jfk.flac and the LibriSpeech clip of the shared media, LibriVox
out of Debian's pocketsphinx-testdata, and the demo's speech, each between some silence. Offline is
the same model over each whole recording: with the same beam, and with beam 5 and faster-whisper's
voice filter and temperatures. Intervals are bootstrapped over recordings, 95 %: they are few.

Streaming feeds packets of 20 ms in real time through the child process of a run; the latency of a
word is its ``available_s`` less the end of it, in media time; CPU seconds are those of this process
and its child. ``--simulated`` is for tuning: the recogniser in this process, on a clock that
advances with the sound and by the CPU time of each call, which is quicker and repeatable; several
``--leads`` (seconds of silence before each recording) let the passes fall elsewhere.

Then minutes of digital silence, white noise and music (the cartoon's sound, looped), packet by
packet as fast as they go: words, which must be none, and CPU seconds a second of sound.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import yaml
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio
from jaxtyping import Float32
from numpy import ndarray
from whisper_normalizer.english import EnglishTextNormalizer

from engines.config import SpeechConfig
from engines.models.store import ModelStore
from engines.spec.frame import SOUND_RATE_HZ, Sound
from engines.spec.transcript import Hypothesis, Word
from engines.spec.voice import VoiceState
from engines.speech.transcriber import Transcriber
from engines.speech.voice import VoiceActivity
from stream.channel import Channel, Overflow
from stream.transcript.heard import Heard
from stream.transcript.listener import Listener
from stream.transcript.model import speech_folder
from stream.transcript.speech_process import SpeechProcess

MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"
LIBRIVOX = Path("/usr/share/pocketsphinx/test/data/librivox")
PACKET = 320  # samples: 20 ms
TRAIL_S = 2.0  # of silence behind each recording, as in life
SEED = 1
RESAMPLED = 2000
NORMALIZE = EnglishTextNormalizer()
REFERENCES = {
    "jfk.flac": "And so my fellow Americans, ask not what your country can do for you, ask what "
    "you can do for your country.",
    "librispeech_6930-75918-0000.flac": "Concord returned to its place amidst the tents",
}
TWO_CITIES = """It was the best of times, it was the worst of times, it was the age of wisdom, it
was the age of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the
season of light, it was the season of darkness, it was the spring of hope, it was the winter of
despair, we had everything before us, we had nothing before us, we were all going direct to heaven,
we were all going direct the other way. In short, the period was so far like the present period,
that some of its noisiest authorities insisted on its being received, for good or for evil, in the
superlative degree of comparison only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Sound, and what is said in it."""

    name: str
    samples: Float32[ndarray, " N"]
    text: str


@dataclass(slots=True)
class Clock:
    """A clock that is moved by hand."""

    now_s: float = 0.0


class EarsHere:
    """The recogniser in this process; each call moves the clock by the CPU time it took."""

    def __init__(self, transcriber: Transcriber, clock: Clock) -> None:
        self._transcriber = transcriber
        self._activity = VoiceActivity()
        self._clock = clock

    async def voice(
        self, samples: Float32[ndarray, " N"], state: VoiceState | None
    ) -> tuple[Float32[ndarray, " M"], VoiceState]:
        """See ``Ears``."""
        began_s = time.process_time()
        judged = self._activity.judge(samples, state)
        self._clock.now_s += time.process_time() - began_s
        return judged

    async def transcribe(
        self, samples: Float32[ndarray, " N"], *, start_s: float, language: str | None, prompt: str
    ) -> Hypothesis:
        """See ``Ears``."""
        began_s = time.process_time()
        hypothesis = self._transcriber.transcribe(
            samples, start_s=start_s, language=language, prompt=prompt
        )
        self._clock.now_s += time.process_time() - began_s
        return hypothesis


@dataclass(slots=True)
class Run:
    """What came of a number of recordings."""

    said: list[str] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    passes: int = 0
    pass_s: float = 0.0
    utterances: int = 0
    policy_changes: int = 0
    sound_s: float = 0.0
    cpu_s: float = 0.0

    def add(self, heard: Sequence[Heard], listener: Listener, sound_s: float) -> None:
        """Take one recording."""
        final = [item.utterance for item in heard if item.utterance.final]
        self.said.append(" ".join(utterance.text for utterance in final))
        self.words += [word for utterance in final for word in utterance.words]
        self.passes += listener.count.passes
        self.pass_s += listener.count.pass_s
        self.utterances += len(final)
        self.policy_changes += listener.count.policy_changes
        self.sound_s += sound_s


def main() -> None:
    """Run the benchmark."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("models", nargs="*", default=["whisper-base", "whisper-tiny.en"])
    options.add_argument("--simulated", action="store_true")
    options.add_argument("--leads", type=float, nargs="+", default=[0.5])
    options.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    options.add_argument("--noise-s", type=float, default=300.0)
    options.add_argument("--show", action="store_true", help="print what is heard")
    args = options.parse_args()
    store = ModelStore()
    told = {key: yaml.safe_load(value) for key, _, value in (s.partition("=") for s in args.set)}
    found = [within_silence(one, lead_s) for lead_s in args.leads for one in recordings(store)]
    print(f"{len(found)} recordings, {sum(len(one.samples) for one in found) / 16e3:.0f} s")
    for model in args.models:
        config = SpeechConfig.model_validate({"language": "en", "model": model} | told)
        folder = speech_folder(config, store)
        print(f"\n{model}, beam {config.beam}, hop {config.hop_s:g} s")
        row = report_offline(folder, config, found)
        run = asyncio.run((simulated if args.simulated else in_real_time)(folder, config, found))
        report_streaming(run, found, row)
        if args.show:
            print("\n".join(run.said))
        asyncio.run(report_noises(folder, config, args.noise_s))


def recordings(store: ModelStore) -> list[Recording]:
    """Return all there is with a reference text."""
    found = [
        Recording(name=name, samples=decode_audio(str(MEDIA / "audio" / name)), text=text)
        for name, text in REFERENCES.items()
    ]
    for line in (LIBRIVOX / "transcription").read_text().splitlines():
        text, _, name = line.removeprefix("<s>").partition("</s>")
        path = LIBRIVOX / f"{name.strip(' ()')}.wav"
        found.append(Recording(name=path.name, samples=decode_audio(str(path)), text=text))
    path = store.path("demo-speech")
    path = next(path.glob("*.wav")) if path.is_dir() else path
    return [*found, Recording(name=path.name, samples=decode_audio(str(path)), text=TWO_CITIES)]


def within_silence(recording: Recording, lead_s: float) -> Recording:
    """Return a recording with silence before and behind it, as in life."""
    around = (round(lead_s * SOUND_RATE_HZ), round(TRAIL_S * SOUND_RATE_HZ))
    return replace(recording, samples=np.pad(recording.samples, around))


def packets(samples: Float32[ndarray, " N"], began_s: float) -> list[Sound]:
    """Cut sound into packets; each comes when its last sample was spoken."""
    return [
        Sound(
            source="benchmark",
            epoch=0,
            time_s=at / SOUND_RATE_HZ,
            arrived_s=began_s + min(at + PACKET, len(samples)) / SOUND_RATE_HZ,
            samples=samples[at : at + PACKET],
        )
        for at in range(0, len(samples), PACKET)
    ]


async def simulated(folder: Path, config: SpeechConfig, found: Sequence[Recording]) -> Run:
    """Stream recordings on a simulated clock."""
    run = Run()
    with Transcriber(folder, config) as transcriber:
        for recording in found:
            clock = Clock()
            ears = EarsHere(transcriber, clock)
            listener = Listener("", config, ears, pacing="paced", now=lambda c=clock: c.now_s)
            heard: list[Heard] = []
            waiting = packets(recording.samples, 0.0)
            began_s = time.process_time()
            while waiting:
                clock.now_s = max(clock.now_s, waiting[0].arrived_s)
                come = [sound for sound in waiting if sound.arrived_s <= clock.now_s]
                waiting = waiting[len(come) :]
                heard += [item async for item in listener.hear(come) if isinstance(item, Heard)]
            heard += [item async for item in listener.finish() if isinstance(item, Heard)]
            run.cpu_s += time.process_time() - began_s
            run.add(heard, listener, len(recording.samples) / SOUND_RATE_HZ)
    return run


async def in_real_time(folder: Path, config: SpeechConfig, found: Sequence[Recording]) -> Run:
    """Stream recordings as they would come, to the process of a run."""
    run = Run()
    async with SpeechProcess(folder, config) as ears:
        began_s = time.process_time() + ears.process_cpu_s
        for recording in found:
            listener = Listener("", config, ears, pacing="paced")
            sounds: Channel[Sound] = Channel("sound", 1500, Overflow.WAIT)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(feed(recording.samples, sounds))
                heard = [item async for item in listener.run(sounds) if isinstance(item, Heard)]
            run.add(heard, listener, len(recording.samples) / SOUND_RATE_HZ)
        run.cpu_s = time.process_time() + ears.process_cpu_s - began_s
    return run


async def feed(samples: Float32[ndarray, " N"], sounds: Channel[Sound]) -> None:
    """Send sound in real time."""
    async with sounds:
        for sound in packets(samples, time.monotonic()):
            await asyncio.sleep(sound.arrived_s - time.monotonic())
            await sounds.send(sound)


def report_offline(folder: Path, config: SpeechConfig, found: Sequence[Recording]) -> ndarray:
    """Print what the same model makes of whole recordings; return the errors at the same beam."""
    wide = offline(folder, config, found, beam=5, vad_filter=True)
    same = offline(folder, config, found, beam=config.beam, temperature=0.0)
    print(f"  offline, beam 5, voice filter   {rate(wide)}")
    print(f"  offline, beam {config.beam}                 {rate(same)}")
    return same


def offline(
    folder: Path, config: SpeechConfig, found: Sequence[Recording], *, beam: int, **options: Any
) -> ndarray:
    """Return (errors, words) of each whole recording."""
    precision = config.precision or "int8"
    model = WhisperModel(
        str(folder), device="cpu", compute_type=precision, cpu_threads=config.threads
    )
    said = []
    for recording in found:
        segments, _ = model.transcribe(
            recording.samples, language=config.language, beam_size=beam, **options
        )
        said.append(" ".join(segment.text.strip() for segment in segments))
    return errors(found, said)


def report_streaming(run: Run, found: Sequence[Recording], same: ndarray) -> None:
    """Print what came of streaming."""
    ours = errors(found, run.said)
    low, high = interval(ours, same)
    late_s = [(word.available_s or 0.0) - word.end_s for word in run.words]
    p50_s, p95_s = np.percentile(late_s, (50, 95))
    more = wer(ours) - wer(same)
    print(f"  streaming                       {rate(ours)}")
    print(f"  over offline at the same beam   {more:+.3f} ({low:+.3f} .. {high:+.3f})")
    print(f"  word latency p50 {p50_s:.2f} s, p95 {p95_s:.2f} s, n = {len(late_s)}")
    print(f"  CPU seconds a second of sound {run.cpu_s / run.sound_s:.3f}")
    print(
        f"  {run.passes} passes of {run.pass_s / run.passes:.2f} s, {run.utterances} utterances, "
        f"real-time factor {run.pass_s / run.sound_s:.2f}, {run.policy_changes} changes of policy"
    )


async def report_noises(folder: Path, config: SpeechConfig, duration_s: float) -> None:
    """Print what is heard where nobody speaks, and what that costs."""
    async with SpeechProcess(folder, config) as ears:
        for name, samples in noises(round(duration_s * SOUND_RATE_HZ)):
            listener = Listener("", config, ears, pacing="fast")
            began_s = time.process_time() + ears.process_cpu_s
            for sound in packets(samples, 0.0):
                async for _ in listener.hear([sound]):
                    pass
            async for _ in listener.finish():
                pass
            cpu_s = time.process_time() + ears.process_cpu_s - began_s
            share = 100 * cpu_s * SOUND_RATE_HZ / len(samples)
            count = listener.count
            print(
                f"  {len(samples) / SOUND_RATE_HZ:.0f} s of {name:16} {count.words} words, "
                f"{count.passes} passes, {share:.2f} % of a core"
            )


def noises(samples: int) -> Iterator[tuple[str, Float32[ndarray, " N"]]]:
    """Yield sound without a voice."""
    yield "digital silence", np.zeros(samples, np.float32)
    random = np.random.default_rng(SEED)
    yield "white noise", random.normal(0.0, 0.1, samples).astype(np.float32)
    music = decode_audio(str(MEDIA / "faces" / "no_face.mp4"))
    yield "music", np.resize(music, samples)


def errors(found: Sequence[Recording], said: Sequence[str]) -> ndarray:
    """Return (errors, words) of each recording."""
    rows = []
    for recording, text in zip(found, said, strict=True):
        out = jiwer.process_words(NORMALIZE(recording.text), NORMALIZE(text))
        known = out.substitutions + out.deletions + out.hits
        rows.append((known - out.hits + out.insertions, known))
    return np.array(rows)


def wer(counts: ndarray) -> float:
    """Return errors a word."""
    return float(counts[:, 0].sum() / counts[:, 1].sum())


def rate(counts: ndarray) -> str:
    """Return a word error rate with its interval and numbers."""
    low, high = interval(counts, None)
    wrong, known = counts.sum(axis=0)
    return f"WER {wer(counts):.3f} ({low:.3f} .. {high:.3f}), {wrong} of {known} words"


def interval(ours: ndarray, theirs: ndarray | None) -> tuple[float, float]:
    """Return the interval of a word error rate, or of its difference to another."""
    random = np.random.default_rng(SEED)
    draws = random.integers(len(ours), size=(RESAMPLED, len(ours)))
    rates = [wer(ours[draw]) - (0 if theirs is None else wer(theirs[draw])) for draw in draws]
    low, high = np.percentile(rates, (2.5, 97.5))
    return float(low), float(high)


if __name__ == "__main__":
    main()
