from dataclasses import replace

import pytest

from stream.transcript.mouths import KEPT_S, MOST, Mouths


@pytest.fixture
def looked_at(scene):
    """A scene in which each person's mouth is as far open as the number says."""

    def make(time_s, *, epoch=0, **openings):
        seen = scene(time_s, *((person, "sad") for person in openings), epoch=epoch)
        mouths = zip(seen.observations, openings.values(), strict=True)
        return replace(
            seen, observations=tuple(replace(one, mouth_open=opening) for one, opening in mouths)
        )

    return make


def test_each_mouth_is_given_as_it_was_seen_in_the_stretch(looked_at):
    mouths = Mouths()
    for k in range(30):
        mouths.see(looked_at(k / 10, p1=k / 100, p2=0.6), ("p1",))
    first, second = sorted(mouths.between(1.0, 2.0), key=lambda mouth: mouth.person_id)

    assert first.times_s.tolist() == [k / 10 for k in range(10, 21)]
    assert first.opening.tolist() == [k / 100 for k in range(10, 21)]
    assert (first.watched, second.watched) == (True, False)
    assert first.coverage == pytest.approx(1)


def test_a_mouth_that_was_hidden_for_half_of_it_covers_half(looked_at):
    mouths = Mouths()
    for k in range(30):
        mouths.see(looked_at(k / 10, **({"p1": 0.6} if k < 15 else {"p1": None})), ("p1",))

    (mouth,) = mouths.between(0.5, 2.5)

    assert mouth.coverage == pytest.approx(0.45)


def test_whoever_was_watched_for_most_of_it_was_watched(looked_at):
    mouths = Mouths()
    for k in range(10):
        mouths.see(looked_at(k / 10, p1=0.6, p2=0.6), ("p1",) if k < 4 else ("p2",))

    assert {one.person_id: one.watched for one in mouths.between(0.0, 1.0)} == {
        "p1": False,
        "p2": True,
    }


def test_who_is_not_known_yet_has_no_mouth_to_remember(scene):
    mouths = Mouths()
    seen = scene(0.0, (None, "sad"))
    mouths.see(replace(seen, observations=(replace(seen.observations[0], mouth_open=0.6),)), ())

    assert mouths.between(0.0, 1.0) == []


def test_nothing_outlives_its_epoch(looked_at):
    mouths = Mouths()
    mouths.see(looked_at(5.0, p1=0.6), ())
    mouths.see(looked_at(0.0, epoch=1, p2=0.6), ())

    assert [one.person_id for one in mouths.between(0.0, 10.0)] == ["p2"]


def test_memory_grows_neither_with_time_nor_with_the_people(looked_at):
    mouths = Mouths()
    for k in range(300):
        mouths.see(looked_at(float(k), p1=0.6, **{f"p{k + 2}": 0.6}), ("p1",))
    remembered = mouths.between(0.0, 300.0)

    assert len(remembered) == MOST
    assert max(len(one.times_s) for one in remembered) == KEPT_S + 1
