"""One person's rolling state, stepped through the network that is shipped."""

from dataclasses import replace

import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.models.starter_network import STARTER
from engines.sequence.checkpoint import read_checkpoint
from engines.sequence.interview import InterviewEngines
from engines.sequence.person import MIN_TICKS, PersonState
from engines.spec.tick import PersonTick
from engines.spec.transcript import TextEvidence

GRID_HZ = 12.5


@pytest.fixture(scope="module")
def engines():
    def open_one(name, path, *, outputs=None):
        return open_engine(path, RuntimeConfig(), outputs=outputs)

    with InterviewEngines(read_checkpoint(STARTER), open_one, masked={"keypoints"}) as opened:
        yield opened


@pytest.fixture
def person(engines):
    return PersonState(engines)


def face(number, *, seed=0):
    vector = np.random.default_rng(seed).uniform(0, 1, 160).astype(np.float32)
    return tick(number, appearance=vector)


def tick(number, **known):
    place = {"source": "cam", "epoch": 0, "shot": 0, "person_id": "p1"}
    return PersonTick(**place, tick=number, time_s=number / GRID_HZ, **known)


def words(end_s):
    vector = np.random.default_rng(7).normal(size=384).astype(np.float32)
    return TextEvidence(
        embedding=vector, words=4, start_s=end_s - 1, end_s=end_s, available_s=end_s + 0.5
    )


def test_of_somebody_who_was_not_seen_there_is_no_evidence(person):
    read = person.read(0.0)
    assert read.evidence is None
    assert read.missing == ("image", "text")


def test_a_glimpse_of_a_face_is_no_evidence(person):
    for number in range(MIN_TICKS - 1):
        person.step(face(number))
    assert person.read(0.2).evidence is None
    person.step(face(MIN_TICKS))
    assert person.read(0.3).evidence.present == ("image",)


def test_the_one_tick_of_a_picture_is_evidence(engines):
    person = PersonState(engines, still=True)
    person.step(face(0))
    assert person.read(0.0).evidence.present == ("image",)


def test_a_face_not_seen_for_too_long_is_stale(person):
    for number in range(10):
        person.step(face(number))
    assert person.read(1.0).stale == ()
    later = person.read(9 / GRID_HZ + 3.1)
    assert later.stale == ("image",)
    assert later.evidence is None


def test_words_count_until_they_are_stale_by_the_time_they_were_said(person):
    said = words(1.0)
    person.step(tick(20, text=said))
    assert person.read(2.0).evidence.present == ("text",)
    assert person.read(30.9).stale == ()
    assert person.read(31.1).stale == ("text",)


def test_the_same_words_are_stepped_once(person, engines):
    said = words(1.0)
    once, often = PersonState(engines), person
    once.step(tick(20, text=said))
    for number in range(20, 30):
        often.step(tick(number, text=said))
    np.testing.assert_array_equal(once.read(3.0).evidence.logits, often.read(3.0).evidence.logits)


def test_face_and_words_are_present_together_and_each_can_be_left_out(person):
    for number in range(5):
        person.step(face(number))
    person.step(replace(face(5), text=words(0.3)))
    evidence = person.read(0.5).evidence
    assert set(evidence.present) == {"image", "text"}
    assert set(evidence.without) == {"image", "text"}
    assert not np.allclose(evidence.without["image"], evidence.without["text"])


def test_keypoints_that_the_network_is_not_to_see_change_nothing(person, engines):
    other = PersonState(engines)
    points = np.full((137, 3), 100.0, np.float32)
    for number in range(5):
        person.step(face(number))
        other.step(replace(face(number), keypoints=points))
    np.testing.assert_array_equal(person.read(0.4).evidence.logits, other.read(0.4).evidence.logits)
