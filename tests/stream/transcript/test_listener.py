import itertools

import pytest

from engines.spec.frame import SOUND_RATE_HZ, Gap
from stream.channel import Channel, Overflow
from stream.transcript.heard import Heard
from stream.transcript.lag import PolicyChange

SENTENCE = "ask not what your country can do for you"


async def test_every_word_is_said_once_and_stays(room, words, samples, packets):
    script = words(SENTENCE, start_s=1.0)
    one = room(script)
    await one.hear(packets(samples(script, 6.0)))
    await one.finish()
    (last,) = one.final
    assert last.text == SENTENCE
    assert last.start_s == pytest.approx(1.0)
    assert [utterance.revision for utterance in one.utterances] == list(range(len(one.utterances)))
    before = ()
    for utterance in one.utterances:
        known = tuple(word for word in utterance.words if word.available_s is not None)
        assert known[: len(before)] == before
        before = known
    assert before == last.words


async def test_words_come_while_somebody_speaks(room, words, samples, packets):
    script = words(SENTENCE, start_s=1.0)
    one = room(script)
    await one.hear(packets(samples(script, 4.0)))
    assert one.utterances[-1].text.startswith("ask not")
    assert not one.final


async def test_a_tentative_word_has_no_time_of_being_known(room, words, samples, packets):
    script = words(SENTENCE, start_s=1.0)
    one = room(script)
    await one.hear(packets(samples(script, 4.0)))
    known = [word.available_s is not None for word in one.utterances[-1].words]
    assert known == sorted(known, reverse=True)
    assert not all(known)


async def test_silence_asks_the_recogniser_nothing(room, samples, packets):
    one = room(())
    await one.hear(packets(samples((), 10.0)))
    await one.finish()
    assert one.items == []
    assert one.ears.calls == []
    assert one.ears.voice_calls <= 40


async def test_a_pause_ends_an_utterance(room, words, samples, packets):
    script = (*words("one two three", 1.0), *words("four five six", 4.0))
    one = room(script)
    await one.hear(packets(samples(script, 7.0)))
    assert [utterance.text for utterance in one.final] == ["one two three", "four five six"]
    assert [utterance.number for utterance in one.final] == [0, 1]


async def test_the_pass_in_the_pause_serves_as_the_last_one(room, words, samples, packets):
    script = words("one two three", 1.0)
    one = room(script)
    await one.hear(packets(samples(script, 4.0)))
    assert len(one.final) == 1
    ends = [end_s for _, end_s, *_ in one.ears.calls]
    assert ends == sorted(set(ends))
    assert ends[-1] < script[-1].end_s + 0.6


async def test_a_final_utterance_brings_its_sound(room, words, samples, packets):
    script = words("one two three", 1.0)
    one = room(script)
    whole = samples(script, 4.0)
    await one.hear(packets(whole))
    (last,) = [item for item in one.of(Heard) if item.utterance.final]
    assert last.sound_s <= script[0].start_s - 0.3
    end_s = last.sound_s + len(last.sound) / SOUND_RATE_HZ
    assert end_s == pytest.approx(script[-1].end_s + 0.1 + 0.3, abs=0.1)
    first = round(last.sound_s * SOUND_RATE_HZ)
    assert (last.sound == whole[first : first + len(last.sound)]).all()
    assert all(item.sound is None for item in one.of(Heard) if not item.utterance.final)


async def test_a_long_utterance_is_cut_and_nothing_is_lost(room, words, samples, packets):
    text = " ".join(f"w{i}" for i in range(60))
    script = words(text, 1.0)  # 24 s without a pause
    one = room(script, longest_s=6.0)
    (voice,) = words("x", 1.0, word_s=script[-1].end_s - 1.0)
    await one.hear(packets(samples([voice], 27.0)))
    await one.finish()
    assert len(one.final) >= 4
    assert " ".join(utterance.text for utterance in one.final) == text
    assert max(end_s - start_s for start_s, end_s, *_ in one.ears.calls) <= 6.0
    assert [utterance.number for utterance in one.final] == list(range(len(one.final)))


async def test_a_long_utterance_of_one_pass_is_cut_too(room, words, samples, packets):
    text = " ".join(f"w{i}" for i in range(60))
    script = words(text, 1.0)
    one = room(script, longest_s=6.0, policy="endpoint")
    (voice,) = words("x", 1.0, word_s=script[-1].end_s - 1.0)
    await one.hear(packets(samples([voice], 27.0)))
    await one.finish()
    assert " ".join(utterance.text for utterance in one.final) == text
    assert all(utterance.final for utterance in one.utterances)
    assert len(one.ears.calls) < 15


async def test_a_voice_without_words_is_let_go(room, words, samples, packets):
    (voice,) = words("x", 1.0, word_s=30.0)
    one = room((), longest_s=6.0)
    await one.hear(packets(samples([voice], 32.0)))
    await one.finish()
    assert one.items == []
    assert max(end_s - start_s for start_s, end_s, *_ in one.ears.calls) <= 6.0


async def test_a_hole_ends_an_utterance(room, words, samples, packets):
    script = words(SENTENCE, 1.0)
    one = room(script)
    first = packets(samples(script, 8.0)[: 3 * SOUND_RATE_HZ])
    then = packets(samples((), 3.0), start_s=3.5)
    await one.hear(first + then)
    assert len(one.final) == 1
    assert one.final[0].words[0].text == "ask"
    assert one.final[0].end_s <= 3.0


async def test_a_jitter_of_the_timestamps_is_no_hole(room, words, samples, packets):
    script = words("one two three four five", 1.0)
    one = room(script)
    whole = samples(script, 5.0)
    cut = 2 * SOUND_RATE_HZ
    await one.hear(packets(whole[:cut]) + packets(whole[cut:], start_s=2.01))
    assert [utterance.text for utterance in one.final] == ["one two three four five"]


async def test_a_new_epoch_ends_an_utterance(room, words, samples, packets):
    script = words("one two three four five", 1.0)
    one = room(script)
    whole = samples(script, 5.0)
    cut = 2 * SOUND_RATE_HZ
    await one.hear(packets(whole[:cut]) + packets(whole[cut:], start_s=2.0, epoch=1))
    await one.finish()
    assert [utterance.epoch for utterance in one.final] == [0, 1]
    assert [utterance.number for utterance in one.final] == [0, 1]


async def test_the_end_of_the_sound_ends_an_utterance(room, words, samples, packets):
    script = words(SENTENCE, 1.0)
    one = room(script)
    await one.hear(packets(samples(script, script[-1].end_s + 0.05)))
    assert not one.final
    await one.finish()
    assert one.final[0].text == SENTENCE


async def test_a_fast_file_has_the_delay_it_is_told(room, words, samples, packets):
    script = words(SENTENCE, 1.0)
    outcomes = []
    for at_once in (1, 7, 100):
        one = room(script, delay_s=1.5)
        one.ears.took_s = 0.1 * at_once
        await one.hear(packets(samples(script, 7.0)), at_once=at_once)
        await one.finish()
        outcomes.append(one.utterances)
        for utterance in one.final:
            for word in utterance.words:
                assert word.end_s + 1.5 < word.available_s < word.end_s + 1.5 + 2.5
    assert outcomes[0] == outcomes[1] == outcomes[2]


async def test_a_live_word_is_known_when_its_pass_is_over(room, words, samples, packets):
    script = words(SENTENCE, 1.0)
    quick, slow = room(script, pacing="live"), room(script, pacing="live")
    slow.ears.took_s = 0.3
    for one in (quick, slow):
        await one.hear(packets(samples(script, 7.0)))
    soon = [word.available_s for word in quick.final[0].words]
    late = [word.available_s for word in slow.final[0].words]
    assert all(word.available_s > word.end_s for word in quick.final[0].words)
    assert late[0] == pytest.approx(soon[0] + 0.3, abs=0.01)
    assert soon[-1] - late[-1] == pytest.approx(0)  # its pass was over before it was believed


async def test_what_becomes_final_later_is_known_later(room, words, samples, packets):
    script = (*words("one two three", 1.0), *words("four five six", 4.0))
    one = room(script, delay_s=1.0)
    for packet in packets(samples(script, 7.0)):
        before_s, seen = one.listener.heard_until_s, len(one.items)
        await one.hear([packet])
        for item in one.items[seen:]:
            assert item.utterance.available_s >= (before_s or 0.0) + 1.0
    assert one.listener.heard_until_s == pytest.approx(7.0, abs=0.3)


async def test_a_slow_live_machine_makes_fewer_passes(room, words, samples, packets):
    script = words(SENTENCE * 3, 1.0)
    sound = packets(samples(script, 15.0))
    often, seldom = room(script, pacing="live"), room(script, pacing="live")
    await often.hear(sound)
    await seldom.hear(sound, at_once=100)
    assert len(seldom.ears.calls) < len(often.ears.calls) / 2
    assert seldom.final[-1].words[-1].text == often.final[-1].words[-1].text


async def test_too_much_live_sound_is_skipped_with_a_gap(room, words, samples, packets):
    script = words("one two three", 23.0)
    one = room(script, pacing="live")
    sound = packets(samples(script, 26.0))
    await one.hear(sound, at_once=len(sound))
    (gap,) = one.of(Gap)
    assert gap.reason == "overrun"
    assert gap.medium == "audio"
    assert (gap.start_s, gap.end_s) == (0.0, pytest.approx(16.0, abs=0.05))
    assert one.listener.count.skipped_s == pytest.approx(gap.lost_s)
    assert one.final[0].text == "one two three"


async def test_a_file_is_never_skipped(room, words, samples, packets):
    script = words("one two three", 1.0)
    one = room(script, pacing="paced")
    sound = packets(samples(script, 30.0))
    await one.hear(sound, at_once=len(sound))
    assert one.final[0].text == "one two three"
    assert one.listener.count.skipped_s == 0


async def test_a_pass_that_is_lost_is_made_again(room, words, samples, packets):
    script = words(SENTENCE, 1.0)
    one = room(script)
    one.ears.lost = 1
    await one.hear(packets(samples(script, 7.0)))
    assert one.final[0].text == SENTENCE
    assert one.listener.count.skipped_s == 0


async def test_sound_that_kills_twice_is_skipped_and_final_words_stay(
    room, words, samples, packets
):
    script = words(SENTENCE, 1.0)
    one = room(script)
    sound = packets(samples(script, 7.0))
    await one.hear(sound[:200])
    known = [word.text for word in one.utterances[-1].words if word.available_s is not None]
    one.ears.lost = 2
    await one.hear(sound[200:])
    await one.finish()
    assert known
    assert one.final[0].words[0].text == "ask"
    assert [word.text for word in one.final[0].words][: len(known)] == known
    assert 0 < one.listener.count.skipped_s < 2.0
    assert one.final[-1].words[-1].text == "you"


async def test_a_voice_that_cannot_be_judged_is_skipped(room, words, samples, packets):
    script = (*words("one two three", 1.0), *words("four five six", 4.0))
    one = room(script)
    sound = packets(samples(script, 7.0))
    await one.hear(sound[:25])
    one.ears.voice_lost = 2
    await one.hear(sound[25:])
    assert one.listener.count.skipped_s == pytest.approx(0.256)
    assert one.final[-1].text == "four five six"


async def test_one_pass_an_utterance_where_that_is_the_policy(room, words, samples, packets):
    script = (*words("one two three four five six", 1.0), *words("seven eight", 5.0))
    one = room(script, policy="endpoint")
    await one.hear(packets(samples(script, 8.0)))
    assert len(one.ears.calls) == 2
    assert [utterance.revision for utterance in one.utterances] == [0, 0]


async def test_a_machine_that_cannot_keep_up_changes_the_policy(room, words, samples, packets):
    script = words(" ".join([SENTENCE] * 6), 1.0)
    one = room(script, pacing="live", hop_s=0.5, longest_s=20.0)
    one.ears.took_s = 0.8
    sound = packets(samples(script, 26.0))
    await one.hear(sound, at_once=40)
    (change,) = one.of(PolicyChange)
    assert change.policy == "endpoint"
    assert one.listener.policy == "endpoint"
    assert one.listener.count.policy_changes == 1


async def test_the_policy_of_a_file_read_fast_never_changes(room, words, samples, packets):
    script = words(" ".join([SENTENCE] * 6), 1.0)
    one = room(script, pacing="fast", longest_s=20.0)
    one.ears.took_s = 5.0
    await one.hear(packets(samples(script, 26.0)), at_once=40)
    assert one.of(PolicyChange) == []


async def test_a_language_is_detected_in_two_seconds_and_kept(room, words, samples, packets):
    script = words(SENTENCE, 1.0)
    one = room(script, language=None)
    one.ears.language = "de"
    await one.hear(packets(samples(script, 7.0)))
    asked = [(round(end_s - start_s), language) for start_s, end_s, language, _ in one.ears.calls]
    detected = [sound_s for sound_s, language in asked if language is None]
    assert all(language == "de" for sound_s, language in asked if sound_s > detected[-1])
    assert one.final[0].language == "de"


async def test_a_short_utterance_keeps_the_language_before(room, words, samples, packets):
    script = (*words(SENTENCE, 1.0), *words("yes yes", 8.0))
    one = room(script, language=None)
    one.ears.language = "de"
    sound = packets(samples(script, 11.0))
    await one.hear(sound[:350])
    one.ears.language = "en"
    await one.hear(sound[350:])
    assert [utterance.language for utterance in one.final] == ["de", "de"]


async def test_an_unsure_language_does_not_change_it(room, words, samples, packets):
    script = (*words(SENTENCE, 1.0), *words(SENTENCE, 8.0))
    one = room(script, language=None)
    one.ears.language = "de"
    sound = packets(samples(script, 14.0))
    await one.hear(sound[:350])
    one.ears.language, one.ears.probability = "en", 0.4
    await one.hear(sound[350:])
    assert [utterance.language for utterance in one.final] == ["de", "de"]
    assert one.final[1].text == SENTENCE


async def test_the_words_before_are_the_prompt_of_the_next(room, words, samples, packets):
    script = (*words("one two three", 1.0), *words("four five", 4.0), *words("six", 16.0))
    one = room(script)
    await one.hear(packets(samples(script, 19.0)))
    prompts = {start_s: prompt for start_s, _, _, prompt in one.ears.calls}
    assert list(prompts.values()) == ["", "one two three", ""]


async def test_a_prompt_that_makes_it_deaf_is_left_out(room, words, samples, packets):
    script = (*words("one two three", 1.0), *words("four five", 4.0))
    one = room(script)
    one.ears.deaf_to = "one two three"
    await one.hear(packets(samples(script, 7.0)))
    assert [utterance.text for utterance in one.final] == ["one two three", "four five"]


async def test_nothing_is_believed_of_the_first_two_seconds_alone(room, words, samples, packets):
    script = words(SENTENCE, 1.0)
    one = room(script)
    await one.hear(packets(samples(script, 3.2)))
    assert len(one.ears.calls) >= 3
    assert one.items == []


async def test_a_cut_leaves_enough_to_be_understood(room, words, samples, packets):
    text = " ".join(f"w{i}" for i in range(60))
    script = words(text, 1.0)
    (voice,) = words("x", 1.0, word_s=script[-1].end_s - 1.0)
    one = room(script, longest_s=6.0)
    await one.hear(packets(samples([voice], 24.0)))
    begins = sorted({start_s for start_s, *_ in one.ears.calls})
    assert len(begins) >= 4
    for begin_s, next_s in itertools.pairwise(begins):
        heard = max(end_s for start_s, end_s, *_ in one.ears.calls if start_s == begin_s)
        assert heard - next_s >= 1.8


async def test_it_listens_to_a_channel_until_it_is_closed(room, words, samples, packets):
    script = words("one two three", 1.0)
    one = room(script)
    channel = Channel("decode -> listen", 1500, Overflow.WAIT)
    async with channel:
        for packet in packets(samples(script, 2.4)):
            await channel.send(packet)
    items = [item async for item in one.listener.run(channel)]
    assert items[-1].utterance.text == "one two three"
    assert channel.count.delivered == channel.count.received


async def test_the_account_is_kept(room, words, samples, packets):
    script = (*words("one two three", 1.0), *words("four five six", 4.0))
    one = room(script)
    await one.hear(packets(samples(script, 7.0)))
    count = one.listener.count
    assert (count.utterances, count.words) == (2, 6)
    assert count.passes == len(one.ears.calls)
