"""Those who are watched, stepped through the network that is shipped."""

from dataclasses import replace

import numpy as np
import pytest

from engines.config import RuntimeConfig
from engines.errors import ConfigError, ModelMissingError
from stream.config import ReadingConfig
from stream.following import PERSONS, Following
from stream.meter import EngineMeter
from stream.network import network_of, open_network
from stream.profile import load_profile
from stream.ticks import Ticks
from stream.windows import WindowCutter

CONFIG = ReadingConfig(subject="all")


@pytest.fixture
async def network(store):
    profile = load_profile("embedded", ["speech.model=null"])
    named = network_of(profile, store, words=False)
    async with open_network(named, EngineMeter(RuntimeConfig())) as opened:
        yield opened


@pytest.fixture
def seen(scene):
    """Return a scene in which everybody has the look of a face encoder's vector."""

    def make(time_s, *people, epoch=0):
        plain = scene(time_s, *((person, "happy") for person in people), epoch=epoch)
        looks = [np.full(160, 0.1 + 0.2 * place, np.float32) for place in range(len(people))]
        return replace(
            plain,
            observations=tuple(
                replace(o, appearance=look)
                for o, look in zip(plain.observations, looks, strict=True)
            ),
        )

    return make


async def followed(following, scenes):
    """Return the hops of scenes, as the pipeline has them."""
    cutter, hops = WindowCutter(CONFIG), []
    for one in scenes:
        await following.take(one, ())
        hop = cutter.add(one, one.arrived_s)
        if hop is not None:
            hops.append(await following.read(hop))
    await following.finish()
    return hops


async def test_each_person_has_an_answer_of_their_own(network, seen):
    following = Following("cam", ticks=Ticks(CONFIG), network=network)
    hops = await followed(following, [seen(i / 12.5, "p1", "p2") for i in range(10)])
    answers = hops[-1].answers
    assert set(answers) == {"p1", "p2"}
    assert answers["p1"].valence != answers["p2"].valence


async def test_nothing_of_an_epoch_is_read_in_the_next(network, seen):
    following = Following("cam", ticks=Ticks(CONFIG), network=network)
    await followed(following, [seen(i / 12.5, "p1") for i in range(20)])
    cutter = WindowCutter(CONFIG)
    for time_s in (0.0, 0.51):  # two ticks are a glimpse
        one = seen(time_s, "p1", epoch=1)
        await following.take(one, ())
        hop = cutter.add(one, one.arrived_s)
    assert (await following.read(hop)).answers["p1"].abstained == "no_evidence"


async def test_states_are_kept_of_so_many_and_the_longest_unseen_goes_first(network, seen):
    following = Following("cam", ticks=Ticks(CONFIG), network=network)
    crowd = [f"p{number}" for number in range(PERSONS + 1)]
    scenes = [seen(i / 12.5, "p0") for i in range(8)]
    scenes += [seen((8 + i) / 12.5, *crowd[1:], "p0") for i in range(8)]
    hops = await followed(following, scenes)
    assert sum(answer.valence is not None for answer in hops[-1].answers.values()) == PERSONS


async def test_ticks_are_told_where_no_network_is(seen):
    told = []
    following = Following(
        "cam", ticks=Ticks(CONFIG), on_ticks=lambda source, ticks: told.append((source, ticks))
    )
    hops = await followed(following, [seen(i / 12.5, "p1") for i in range(10)])
    assert [tick.tick for _, ticks in told for tick in ticks] == list(range(10))
    assert {source for source, _ in told} == {"cam"}
    assert hops[-1].answers == {}


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("reading.grid_hz=10", r"set reading\.grid_hz=12\.5"),
        ("network.domain=court", "got court"),
        ("network.prior={good: 1}", "expected a share of each of negative, neutral, positive"),
    ],
)
def test_what_the_network_is_not_is_refused_with_the_key(store, override, reason):
    with pytest.raises(ConfigError, match=reason):
        network_of(load_profile("embedded", [override]), store, words=False)


def test_a_folder_that_is_no_checkpoint_is_named(store, tmp_path):
    profile = load_profile("embedded", [f"network.model={tmp_path}"])
    with pytest.raises(ModelMissingError, match="there is no such checkpoint"):
        network_of(profile, store, words=False)


def test_a_network_fed_by_another_encoder_is_untrained_there(store):
    profile = load_profile("embedded", ["perception.appearance.model=null"])
    assert network_of(profile, store, words=False).rule.untrained == ("keypoints",)
    other = load_profile("embedded", ["perception.appearance.model=face-embedding"])
    assert set(network_of(other, store, words=False).rule.untrained) == {"image", "keypoints"}
