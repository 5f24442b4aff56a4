import itertools

import pytest

from engines.config import SpeechConfig, VoiceConfig
from stream.transcript.listener import Listener
from stream.transcript.listener_count import ListenerCount
from stream.transcript.listeners import Listeners


@pytest.fixture
def hear(room, packets, samples):
    """Hear what is said in each channel; return the listeners' account and what they said."""

    async def hear(said, duration_s=8.0, *, at_once=1, pacing="fast"):
        count = ListenerCount()
        config = SpeechConfig(language="en", hop_s=0.5, voice=VoiceConfig(min_speech_s=0.2))

        def listener(channel):
            ears = room(said[channel]).ears
            return Listener(
                "cam",
                config,
                ears,
                pacing=pacing,
                count=count,
                channel=channel,
                now=lambda: 1000 + duration_s,
            )

        listeners = Listeners(listener, in_turns=pacing == "fast")
        sounds = sounds_of(said, duration_s, packets, samples)
        out = []
        for at in range(0, len(sounds), at_once):
            out += [item async for item in listeners.hear(sounds[at : at + at_once])]
        reached_s = listeners.heard_until_s
        out += [item async for item in listeners.finish()]
        return count, [item.utterance for item in out], reached_s

    return hear


def sounds_of(said, duration_s, packets, samples):
    """The packets of all channels, those of the same time behind one another."""
    each = [packets(samples(words, duration_s), channel=channel) for channel, words in said.items()]
    return [sound for same_time in zip(*each, strict=True) for sound in same_time]


def texts(utterances):
    return {(u.channel, u.text) for u in utterances if u.final}


async def test_two_who_speak_at_once_are_both_heard_in_their_channels(hear, words):
    said = {0: words("he began a complaint", 1.0), 1: words("the horizon is far", 1.2)}
    _, utterances, _ = await hear(said)
    assert texts(utterances) == {(0, "he began a complaint"), (1, "the horizon is far")}


async def test_the_mix_has_no_channel(hear, words):
    _, utterances, _ = await hear({None: words("he began a complaint", 1.0)})
    assert texts(utterances) == {(None, "he began a complaint")}


async def test_utterances_of_both_channels_share_one_row_of_numbers(hear, words):
    said = {
        0: (*words("he began", 1.0), *words("a complaint", 4.0)),
        1: (*words("the horizon", 1.2), *words("is far", 4.1)),
    }
    count, utterances, _ = await hear(said)
    final = [utterance for utterance in utterances if utterance.final]
    assert sorted(utterance.number for utterance in final) == [0, 1, 2, 3]
    assert (count.utterances, count.words) == (4, 8)
    for _, same in itertools.groupby(
        sorted(utterances, key=lambda u: (u.number, u.revision)), key=lambda u: u.number
    ):
        revisions = list(same)
        assert [u.revision for u in revisions] == list(range(len(revisions)))
        assert len({u.channel for u in revisions}) == 1


@pytest.mark.parametrize("at_once", [2, 7, 10_000])
async def test_a_file_read_fast_is_told_in_the_order_in_which_it_was_known(hear, words, at_once):
    said = {0: words("he began a complaint against him", 1.0), 1: words("the horizon", 1.2)}
    _, utterances, _ = await hear(said, at_once=at_once)
    known_s = [utterance.available_s for utterance in utterances]
    assert known_s == sorted(known_s)
    _, once_more, _ = await hear(said, at_once=2)
    assert utterances == once_more


async def test_all_that_has_come_live_is_one_pass_in_each_channel(hear, words):
    said = {0: words("he began", 1.0), 1: words("the horizon", 1.2)}
    count, utterances, _ = await hear(said, 4.0, at_once=10_000, pacing="live")
    assert texts(utterances) == {(0, "he began"), (1, "the horizon")}
    assert count.passes == 2


async def test_heard_is_what_every_channel_was_heard_to(hear, words):
    said = {0: words("he began", 1.0), 1: words("the horizon", 1.2)}
    _, _, reached_s = await hear(said, 4.0)
    assert 3.7 < reached_s <= 4.0


async def test_sound_whose_channels_change_is_heard_to_its_end_before(
    room, packets, samples, words
):
    first, then = words("he began", 1.0), words("the horizon", 5.0)
    config = SpeechConfig(language="en", voice=VoiceConfig(min_speech_s=0.2))
    count = ListenerCount()

    def listener(channel):
        ears = room((*first, *then)).ears
        return Listener("cam", config, ears, pacing="fast", count=count, channel=channel)

    listeners = Listeners(listener, in_turns=True)
    whole = samples((*first, *then), 8.0)
    apart = [
        sound
        for pair in zip(*(packets(whole[:64_000], channel=c) for c in (0, 1)), strict=True)
        for sound in pair
    ]
    mixed = packets(whole[64_000:], 4.0)
    out = [item async for item in listeners.hear([*apart, *mixed])]
    assert listeners.heard_until_s > 7.0  # nobody waits for channels that have ended
    out += [item async for item in listeners.finish()]
    assert texts(item.utterance for item in out) == {
        (0, "he began"),
        (1, "he began"),
        (None, "the horizon"),
    }
