"""Whose voice it is: real faces with real voices, then each rule by itself.

A jaw and a voice of the second part are drawn at random, both from the same course: what the rule
makes of real ones is for the first part and ``benchmarks/speaker.py`` to say.
"""

from dataclasses import dataclass, replace

import av
import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import PerceptionConfig
from engines.perception.networks import open_networks
from engines.perception.observer import Observer
from engines.spec.frame import SOUND_RATE_HZ, Frame
from engines.spec.transcript import Utterance, Word
from stream.source.sound import SoundTrack
from stream.transcript.speaker import SpeakerRule

SPOKEN = {  # from the first sound of a voice to the last
    "bbaf2n": (0.99, 2.11),
    "brbk7n": (0.54, 2.05),
    "lbax4n": (0.48, 2.05),
    "pwij3p": (0.54, 2.21),
    "sbwe5n": (0.58, 1.98),
    "swiz3n": (0.86, 2.75),
}


def an_utterance(start_s, end_s, epoch=0):
    return Utterance(
        source="test",
        epoch=epoch,
        number=0,
        revision=0,
        final=True,
        start_s=start_s,
        end_s=end_s,
        available_s=end_s,
        language="en",
        speaker="unknown",
        person_id=None,
        words=(Word(text="word", start_s=start_s, end_s=end_s, probability=1.0),),
    )


@pytest.fixture(scope="module")
def grid(media, store):
    """Each GRID clip as its scenes, with the one person's name known from the start, and sound."""
    config = PerceptionConfig()
    with open_networks(
        config, store, lambda _, path, **kept: open_engine(path, config.runtime, **kept)
    ) as networks:
        yield {name: read(media / f"grid/{name}.mpg", networks) for name in SPOKEN}


def read(path, networks):
    observer, track, scenes, pieces = Observer(PerceptionConfig()), SoundTrack(), [], []
    with av.open(path) as container:
        for decoded in container.decode(video=0, audio=0):
            if isinstance(decoded, av.AudioFrame):
                pieces += track.add(decoded, decoded.time)
                continue
            scene = observer.observe(
                networks,
                Frame(
                    source="test",
                    epoch=0,
                    shot=0,
                    index=len(scenes),
                    time_s=decoded.time,
                    captured_at=None,
                    arrived_s=0.0,
                    image=decoded.to_ndarray(format="rgb24"),
                ),
            )
            (seen,) = scene.observations
            scenes.append(replace(scene, observations=(replace(seen, person_id="p1"),)))
    return scenes, np.concatenate([piece.samples for piece in pieces + track.flush()])


def heard(grid, face, voice, step=1):
    rule = SpeakerRule()
    for scene in grid[face][0][::step]:
        rule.see(scene, ("p1",))
    return rule.speaker(an_utterance(*SPOKEN[voice]), grid[voice][1], 0.0)


@pytest.mark.parametrize("step", [1, 2])
def test_speakers_with_their_own_sound_are_the_subject_and_with_anothers_are_not(grid, step):
    own = [heard(grid, name, name, step) for name in SPOKEN]
    crossed = [heard(grid, a, b, step) for a in SPOKEN for b in SPOKEN if a != b]

    assert [one.speaker for one in own].count("subject") >= 0.8 * len(own)
    assert [one.speaker for one in crossed].count("other") >= 0.8 * len(crossed)
    assert {one.person_id for one in own if one.speaker == "subject"} == {"p1"}
    assert len(crossed) == 30


def test_of_two_in_the_picture_it_is_the_one_whose_mouth_fits(grid):
    rule = SpeakerRule()
    for speaking, listening in zip(grid["sbwe5n"][0], grid["lbax4n"][0], strict=True):
        (one,), (another,) = speaking.observations, listening.observations
        both = replace(speaking, observations=(one, replace(another, person_id="p2")))
        rule.see(both, ("p2",))
    told = rule.speaker(an_utterance(*SPOKEN["sbwe5n"]), grid["sbwe5n"][1], 0.0)

    assert (told.speaker, told.person_id) == ("other", "p1")


@dataclass
class Voice:
    """A course of syllables, as it is heard and as a jaw follows it."""

    seed: int
    length_s: float = 60.0

    def __post_init__(self):
        draw = np.random.default_rng(self.seed)
        times_s = np.arange(0, self.length_s, 0.12)
        self._knots = times_s, draw.uniform(0, 1, len(times_s))

    def at(self, times_s):
        return np.interp(times_s, *self._knots)

    def sound(self, start_s, end_s):
        times_s = np.arange(round(start_s * SOUND_RATE_HZ), round(end_s * SOUND_RATE_HZ))
        times_s = times_s / SOUND_RATE_HZ
        tone = np.sin(2 * np.pi * 900 * times_s)
        return (0.3 * 10 ** (self.at(times_s) - 1) * tone).astype(np.float32)


ANNA, BERT = Voice(1), Voice(2)


@pytest.fixture
def film(scene):
    """Show people to a rule: their jaws by name, as functions of media time."""

    def show(rule, *, watched, until_s=4.0, hz=25, epoch=0, late_s=0.0, **jaws):
        for k in range(round(until_s * hz)):
            seen = scene(k / hz, *((person, "sad") for person in jaws), epoch=epoch)
            openings = [jaw(k / hz + late_s) for jaw in jaws.values()]
            observations = zip(seen.observations, openings, strict=True)
            rule.see(
                replace(
                    seen,
                    observations=tuple(replace(one, mouth_open=to) for one, to in observations),
                ),
                watched,
            )
        return rule

    return show


def speaks(voice):
    return lambda time_s: 0.6 + 0.1 * float(voice.at(time_s))


def silent(_time_s):
    return 0.6


def hidden(_time_s):
    return None


def whose(rule, voice, start_s=1.0, end_s=3.0, epoch=0):
    sound = voice.sound(start_s - 0.3, end_s + 0.3)
    return rule.speaker(an_utterance(start_s, end_s, epoch), sound, start_s - 0.3)


def test_a_mouth_that_follows_the_voice_is_the_speakers(film):
    told = whose(film(SpeakerRule(), watched=("p1",), p1=speaks(ANNA)), ANNA)

    assert (told.speaker, told.person_id) == ("subject", "p1")
    assert told.score > 0.8


def test_who_speaks_and_is_not_watched_is_somebody_else_by_name(film):
    told = whose(film(SpeakerRule(), watched=("p1",), p1=silent, p2=speaks(BERT)), BERT)

    assert (told.speaker, told.person_id) == ("other", "p2")


@pytest.mark.parametrize("jaw", [silent, speaks(ANNA)])
def test_a_voice_that_no_mouth_follows_is_somebody_elses(film, jaw):
    told = whose(film(SpeakerRule(), watched=("p1",), p1=jaw), BERT)

    assert (told.speaker, told.person_id) == ("other", None)


def test_a_still_mouth_fits_no_voice(film):
    told = whose(
        film(SpeakerRule(), watched=("p1",), p1=lambda t: 0.6 + speaks(ANNA)(t) / 50), ANNA
    )

    assert (told.speaker, told.score) == ("other", 0)


def test_a_head_that_nods_slowly_hides_no_words(film):
    nodding = SpeakerRule()
    film(
        nodding,
        watched=("p1",),
        until_s=20,
        p1=lambda time_s: speaks(ANNA)(time_s) + 0.2 * np.sin(time_s / 3),
    )

    assert whose(nodding, ANNA, 2.0, 18.0).speaker == "subject"


@pytest.mark.parametrize("persons", [{}, {"p1": hidden}, {"p2": silent}])
def test_without_the_mouth_of_anybody_watched_it_cannot_be_told(film, persons):
    told = whose(film(SpeakerRule(), watched=("p1",), **persons), ANNA)

    assert (told.speaker, told.person_id) == ("unknown", None)


def test_a_mouth_hidden_for_half_of_the_utterance_tells_nothing(film):
    rule = film(SpeakerRule(), watched=("p1",), p1=lambda t: speaks(ANNA)(t) if t < 2 else None)

    assert whose(rule, ANNA).speaker == "unknown"


def test_a_mouth_looked_at_five_times_a_second_tells_nothing(film):
    rule = film(SpeakerRule(), watched=("p1",), hz=5, p1=speaks(ANNA))

    assert whose(rule, ANNA).speaker == "unknown"


def test_a_single_short_word_tells_nothing(film):
    rule = film(SpeakerRule(), watched=("p1",), p1=speaks(ANNA))

    assert whose(rule, ANNA, 1.0, 1.6).speaker == "unknown"


def test_an_utterance_of_another_epoch_is_not_held_against_these_mouths(film):
    rule = film(SpeakerRule(), watched=("p1",), epoch=1, p1=speaks(ANNA))

    assert whose(rule, ANNA, epoch=0).speaker == "unknown"
    assert whose(rule, ANNA, epoch=1).speaker == "subject"


def test_an_utterance_whose_sound_is_gone_cannot_be_told(film):
    rule = film(SpeakerRule(), watched=("p1",), p1=speaks(ANNA))
    nothing = np.zeros(0, np.float32)

    assert rule.speaker(an_utterance(1.0, 3.0), nothing, 1.0).speaker == "unknown"


def test_it_says_how_far_it_has_seen(film):
    rule = SpeakerRule()
    assert rule.seen_until is None
    film(rule, watched=(), epoch=2, until_s=1.0, p1=silent)

    assert rule.seen_until == (2, 0.96)


def utterances(rule, voice, count):
    return [whose(rule, voice, 1.0 + 4 * k, 4.0 + 4 * k).speaker for k in range(count)]


def test_a_source_whose_sound_is_late_is_understood_after_a_while(film):
    rule = SpeakerRule()
    film(rule, watched=("p1",), until_s=38, late_s=0.16, p1=speaks(ANNA))
    told = utterances(rule, ANNA, 9)

    assert told[0] == "other"
    assert told[-3:] == ["subject"] * 3


def test_what_was_learnt_of_a_late_sound_ends_with_its_epoch(film):
    rule = SpeakerRule()
    film(rule, watched=("p1",), until_s=38, late_s=0.16, p1=speaks(ANNA))
    utterances(rule, ANNA, 9)
    film(rule, watched=("p1",), epoch=1, p1=speaks(ANNA))

    assert whose(rule, ANNA, epoch=1).speaker == "subject"


def test_somebody_elses_voice_teaches_no_lag(film):
    rule = SpeakerRule()
    film(rule, watched=("p1",), until_s=38, p1=speaks(ANNA))
    utterances(rule, BERT, 9)

    assert whose(rule, ANNA, 33.0, 36.0).speaker == "subject"
