"""Whether an utterance is found to be the watched person's or somebody else's, with both rates.

    .venv/bin/python benchmarks/speaker.py [--media ../shared/media]

Each GRID clip with its own sound must be ``subject``, with another's laid over ``other``: the face
goes on saying a sentence of its own, at nearly the same time and to the same metre. So must its own
sound be, moved in time, and voices from elsewhere over these faces and over an actress who says
nothing. An utterance is what Silero takes for one. ``unknown`` counts as wrong.

First as the rule stands. Then the sureness that it asks for is chosen anew for each pair, from the
pairs in which neither its face nor its voice takes part: the fewest wrong of both kinds, and the
middle where several are equal. Last, all clips in one stream whose sound is late.

Intervals are Wilson's, 95 %. There are six people, all seen from the front, and 36 pairs of them
are not 36 independent trials, so the intervals are narrower than the truth. The points of the mouth
and the band of the sound were chosen on these six clips, and no choice of a threshold undoes that.
"""

import argparse
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np

from engines.backends import open_engine
from engines.config import PerceptionConfig
from engines.models.store import ModelStore
from engines.perception.networks import PerceptionNetworks, open_networks
from engines.perception.observer import Observer
from engines.spec.frame import SOUND_RATE_HZ, Frame
from engines.spec.observation import Scene
from engines.spec.transcript import Utterance, Word
from engines.spec.voice import CHUNK
from engines.speech.voice import VoiceActivity
from stream.source.sound import SoundTrack
from stream.transcript.speaker import MIN_SURENESS, Attribution, SpeakerRule

GRID = ("bbaf2n", "brbk7n", "lbax4n", "pwij3p", "sbwe5n", "swiz3n")
ACTRESS = "faces/WolfgangLanger_Pexels.mp4"
STRANGERS = ("audio/jfk.flac", "audio/librispeech_6930-75918-0000.flac")
RATES_HZ = (25.0, 12.5, 10.0, 25 / 3)
VOICE = 0.5  # Silero's threshold
AROUND_S = 0.3  # so much sound goes with an utterance
MOVED_S = (-1.0, -0.75, -0.5, 0.5, 0.75, 1.0)
LATE_S = (-0.08, 0.0, 0.08, 0.16, 0.24)
PIECES_S, PIECES_EVERY_S = (2.0, 5.0), 1.0  # of a stranger's speech; GRID has room for the short
PERSON = "p1"


@dataclass(frozen=True, slots=True)
class Voice:
    """A stretch of sound, and when somebody speaks in it."""

    name: str
    sound: np.ndarray
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Clip:
    """What a clip shows, and the voice in it."""

    name: str
    scenes: tuple[Scene, ...]
    voice: Voice


@dataclass(frozen=True, slots=True)
class Trial:
    """What the rule said of a face and a voice."""

    face: str
    voice: str
    told: Attribution

    @property
    def own(self) -> bool:
        """Whether the two are of one person."""
        return self.face == self.voice

    @property
    def sureness(self) -> float:
        """The rule's; what it cannot tell is surely nobody's."""
        return -math.inf if self.told.sureness is None else self.told.sureness


def main() -> None:
    """Run the benchmark."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--media", type=Path, default=Path("../shared/media"))
    args = options.parse_args()
    config = PerceptionConfig()
    with open_networks(
        config,
        ModelStore(),
        lambda _, path, *, outputs=None: open_engine(path, config.runtime, outputs=outputs),
    ) as networks:
        clips = [read_clip(networks, args.media / f"grid/{name}.mpg") for name in GRID]
        actress = scenes_of(networks, args.media / ACTRESS)
    strangers = {
        length_s: [piece for name in STRANGERS for piece in pieces(args.media / name, length_s)]
        for length_s in PIECES_S
    }
    for rate_hz in RATES_HZ:
        report_pairs(clips, rate_hz)
        report_strangers(clips, actress, strangers, rate_hz)
    report_late(clips)


def read_clip(networks: PerceptionNetworks, path: Path) -> Clip:
    """Return a clip as the pipeline would have it."""
    sound = sound_of(path)
    return Clip(path.stem, scenes_of(networks, path), Voice(path.stem, sound, *spoken(sound)))


def scenes_of(networks: PerceptionNetworks, path: Path) -> tuple[Scene, ...]:
    """Return what is seen in a clip of one person, who is known from the first frame on."""
    observer = Observer(PerceptionConfig())
    scenes = []
    with av.open(path) as media:
        for index, picture in enumerate(media.decode(video=0)):
            scene = observer.observe(
                networks,
                Frame(
                    source="benchmark",
                    epoch=0,
                    shot=0,
                    index=index,
                    time_s=picture.time or 0.0,
                    captured_at=None,
                    arrived_s=0.0,
                    image=picture.to_ndarray(format="rgb24"),
                ),
            )
            known = (replace(seen, person_id=PERSON) for seen in scene.observations)
            scenes.append(replace(scene, observations=tuple(known)))
    return tuple(scenes)


def sound_of(path: Path) -> np.ndarray:
    """Return the sound of a clip as the pipeline would have it."""
    track = SoundTrack()
    with av.open(path) as media:
        stretches = [
            s for heard in media.decode(audio=0) for s in track.add(heard, heard.time or 0.0)
        ]
    return np.concatenate([stretch.samples for stretch in stretches + track.flush()])


def spoken(sound: np.ndarray) -> tuple[float, float]:
    """Return when the voice begins and ends, by Silero."""
    scores, _ = VoiceActivity().judge(sound[: len(sound) // CHUNK * CHUNK], None)
    voiced = np.flatnonzero(scores >= VOICE)
    chunk_s = CHUNK / SOUND_RATE_HZ
    return float(voiced[0]) * chunk_s, float(voiced[-1] + 1) * chunk_s


def pieces(path: Path, length_s: float) -> Iterator[Voice]:
    """Cut a recording of one voice into pieces."""
    sound = sound_of(path)
    start_s, end_s = spoken(sound)
    for at_s in np.arange(start_s, end_s - length_s, PIECES_EVERY_S).tolist():
        yield Voice(path.stem, sound, at_s, at_s + length_s)


def attribute(
    rule: SpeakerRule,
    scenes: Sequence[Scene],
    voice: Voice,
    *,
    at_s: float = 0.0,
    late_s: float = 0.0,
) -> Attribution:
    """Return what a rule says that sees scenes from a time on, with a voice laid over them."""
    for scene in scenes:
        rule.see(replace(scene, time_s=scene.time_s + at_s), (PERSON,))
    first_s = max(voice.start_s - AROUND_S, 0.0)
    first, last = (round(s * SOUND_RATE_HZ) for s in (first_s, voice.end_s + AROUND_S))
    moved_s = at_s + late_s
    said = utterance(voice.start_s + moved_s, voice.end_s + moved_s)
    return rule.speaker(said, voice.sound[first:last], first_s + moved_s)


def utterance(start_s: float, end_s: float) -> Utterance:
    """Return an utterance of which only its place counts."""
    return Utterance(
        source="benchmark",
        epoch=0,
        number=0,
        revision=0,
        final=True,
        start_s=start_s,
        end_s=end_s,
        available_s=end_s,
        language="en",
        speaker="unknown",
        person_id=None,
        words=(Word(text="...", start_s=start_s, end_s=end_s, probability=1.0),),
    )


def thinned(scenes: Sequence[Scene], rate_hz: float) -> list[Scene]:
    """Return those scenes that a slower look would have found."""
    kept: list[Scene] = []
    for scene in scenes:
        if scene.time_s * rate_hz >= len(kept) - 1e-6:
            kept.append(scene)
    return kept


def report_pairs(clips: Sequence[Clip], rate_hz: float) -> None:
    """Print both rates, of the rule as it stands and with a sureness chosen without the pair."""
    trials = [
        Trial(a.name, b.name, attribute(SpeakerRule(), thinned(a.scenes, rate_hz), b.voice))
        for a in clips
        for b in clips
    ]
    moved = [
        attribute(SpeakerRule(), thinned(clip.scenes, rate_hz), clip.voice, late_s=late_s)
        for clip in clips
        for late_s in MOVED_S
    ]
    print(f"\n{rate_hz:.1f} looks a second")
    own, crossed = ([t for t in trials if t.own is which] for which in (True, False))
    say("own sound: subject", [t.told.speaker == "subject" for t in own])
    say("another's: other", [t.told.speaker == "other" for t in crossed])
    say("own, moved by 0.5 to 1 s: other", [told.speaker == "other" for told in moved])
    chosen = [(t, sureness_without(trials, t)) for t in trials]
    say("own, sureness of others", [t.sureness >= least for t, least in chosen if t.own])
    say("another's, of others", [t.sureness < least for t, least in chosen if not t.own])
    used = [least for _, least in chosen]
    print(f"  sureness chosen: {min(used):.2f} to {max(used):.2f}; the rule's: {MIN_SURENESS}")
    print("  own:", *(f"{t.sureness:.2f}" for t in sorted(own, key=lambda t: t.sureness)))
    print(
        "  another's, the highest:", *(f"{s:.2f}" for s in sorted(t.sureness for t in crossed)[-6:])
    )


def sureness_without(trials: Sequence[Trial], left_out: Trial) -> float:
    """Return the sureness at which the fewest of all other people's trials are wrong."""
    people = {left_out.face, left_out.voice}
    others = [t for t in trials if not people & {t.face, t.voice}]
    grid = np.arange(0.0, 4.0, 0.01)
    wrong = np.zeros(len(grid))
    for own in (True, False):
        kind = np.array([t.sureness for t in others if t.own is own])
        wrong += ((kind[:, None] >= grid) != own).mean(axis=0)
    best = grid[wrong == wrong.min()]
    return float((best[0] + best[-1]) / 2)


def report_strangers(
    clips: Sequence[Clip],
    actress: Sequence[Scene],
    strangers: Mapping[float, Sequence[Voice]],
    rate_hz: float,
) -> None:
    """Print how often voices from elsewhere are found to be somebody else's."""
    told = [
        attribute(
            SpeakerRule(),
            thinned(clip.scenes, rate_hz),
            voice,
            late_s=clip.voice.start_s - voice.start_s,
        )
        for clip in clips
        for voice in strangers[PIECES_S[0]]
    ]
    say("strangers over GRID: other", [one.speaker == "other" for one in told])
    looked = thinned(actress, rate_hz)
    for length_s, voices in strangers.items():
        told = [
            attribute(SpeakerRule(), looked, voice, late_s=at_s - voice.start_s)
            for voice in voices
            for at_s in np.arange(9.0, 19.0 - length_s, 2.0)  # before, her hand hides her mouth
        ]
        say(f"{length_s:.0f} s over the actress: other", [one.speaker == "other" for one in told])


def report_late(clips: Sequence[Clip]) -> None:
    """Print what becomes of streams whose sound is late: 60 utterances, a third somebody else's."""
    print("\none stream, its sound late; from the 21st utterance on")
    for late_s in LATE_S:
        draw, rule = random.Random(0), SpeakerRule()
        right: dict[bool, list[bool]] = {True: [], False: []}
        for number in range(60):
            face = draw.choice(clips)
            own = draw.random() > 1 / 3
            voice = face if own else draw.choice([clip for clip in clips if clip is not face])
            told = attribute(rule, face.scenes, voice.voice, at_s=4.0 * number, late_s=late_s)
            if number >= 20:
                right[own].append(told.speaker == ("subject" if own else "other"))
        say(f"{late_s:+.2f} s, own", right[True])
        say(f"{late_s:+.2f} s, another's", right[False])


def say(what: str, right: Sequence[bool]) -> None:
    """Print a rate with its interval."""
    low, high = wilson(sum(right), len(right))
    print(
        f"  {what:34} {sum(right):3}/{len(right):<3} = {np.mean(right):.2f} [{low:.2f}, {high:.2f}]"
    )


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a rate."""
    z = 1.96
    centre = (successes + z * z / 2) / (trials + z * z)
    spread = z * math.sqrt(successes * (1 - successes / trials) + z * z / 4) / (trials + z * z)
    return centre - spread, centre + spread


if __name__ == "__main__":
    main()
