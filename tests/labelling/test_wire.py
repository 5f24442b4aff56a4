"""What two wire formats and their troubles come to: every clip ends labelled or with a reason."""

import json
import random

import pytest
from teacher_server import (
    CONFIRMED,
    GARBAGE,
    HALF,
    REASONED,
    REVISED,
    SLOW,
    TOKENS_IN,
    TOKENS_OUT,
    WITHDRAWN,
    answer,
    blocked,
    failed,
    refused,
    well,
)

pytestmark = pytest.mark.parametrize("dialect", ["gemini", "openai"])

TROUBLES = {
    "a rate limit": lambda asked: failed(asked, 429, "too many", retry_s=0.01),
    "a server error": lambda asked: failed(asked, 500, "internal"),
    "an overload": lambda asked: failed(asked, 503, "overloaded"),
    "an answer that breaks off": lambda asked: HALF,
    "a page that is no answer": lambda asked: GARBAGE,
}


def test_a_label_says_all_that_it_can_be_traced_by(dialect, teacher_server, clips, label):
    server = teacher_server()
    code, table = label(clips(2), server=server, dialect=dialect)
    assert code == 0
    assert [clip.clip for clip in table.clips] == ["clip0", "clip1"]
    assert len({clip.digest for clip in table.clips}) == 2
    assert table.made_by["provider"] == dialect
    assert len(table.made_by["prompts"]) == 64
    for clip in table.clips:
        assert (clip.status, clip.label, clip.soft, clip.votes) == (
            *("labelled", "negative"),
            *((1.0, 0.0), (2, 0)),
        )
        assert len(clip.frames_s) == 2
        for sample in clip.samples:
            assert sample.reasoning == REASONED["reasoning"]
            assert json.loads(sample.cues)[0]["time_s"] == 0.5
            assert (sample.first_label, sample.first_confidence) == ("negative", 0.8)
            assert (sample.reflection, sample.confidence) == ("confirmed", 0.7)
            assert sample.counter_evidence == CONFIRMED["counter_evidence"]
            assert (sample.calls, sample.repairs) == (2, 0)
            assert (sample.input_tokens, sample.output_tokens) == (2 * TOKENS_IN, 2 * TOKENS_OUT)
            assert sample.model_version
            assert sample.answered_at
            assert sample.cost_usd > 0
    assert len(server.asked) == 8


def test_a_reflection_is_shown_the_clip_and_its_own_reasoning(
    dialect, teacher_server, clips, label
):
    server = teacher_server()
    label(clips(1), server=server, dialect=dialect, samples=1)
    first, second = server.asked
    assert (len(first.turns), len(second.turns)) == (1, 3)
    assert second.turns[0] == first.turns[0]
    assert REASONED["reasoning"] in json.dumps(second.turns[1])
    assert "speak against" in json.dumps(second.turns[2])


def test_no_more_calls_are_under_way_than_allowed(dialect, teacher_server, clips, label):
    server = teacher_server(wait_s=0.02)
    label(clips(4), server=server, dialect=dialect, manners={"concurrency": 2})
    assert server.most == 2


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_trouble_that_passes_costs_an_attempt(trouble, dialect, teacher_server, clips, label):
    server = teacher_server()
    server.behave = lambda asked, times: TROUBLES[trouble](asked) if times == 1 else well(asked)
    code, table = label(clips(1), server=server, dialect=dialect)
    assert (code, table.clips[0].status) == (0, "labelled")
    assert len(server.asked) == 8


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_trouble_that_stays_is_the_reason(trouble, dialect, teacher_server, clips, label):
    server = teacher_server()
    server.behave = lambda asked, times: TROUBLES[trouble](asked)
    code, table = label(clips(1), server=server, dialect=dialect, samples=1)
    (clip,) = table.clips
    assert (code, clip.status, clip.label) == (1, "unanswered", None)
    assert clip.reason.startswith("1 of 1 unanswered: ")
    assert len(clip.reason) > 30
    assert len(server.asked) == 3


def test_an_answer_that_is_too_slow_is_tried_again(dialect, teacher_server, clips, label):
    server = teacher_server()
    server.behave = lambda asked, times: SLOW if times == 1 else well(asked)
    code, table = label(clips(1), server=server, dialect=dialect, samples=1, timeout_s=0.5)
    assert (code, table.clips[0].status) == (0, "labelled")
    assert len(server.asked) == 4


def test_a_malformed_answer_is_mended_once(dialect, teacher_server, clips, label):
    server = teacher_server()
    server.behave = lambda asked, times: (
        well(asked) if asked.repairs else (200, answer(asked, '{"label": "furious"'))
    )
    code, table = label(clips(1), server=server, dialect=dialect, samples=1)
    (sample,) = table.clips[0].samples
    assert (code, sample.outcome, sample.calls, sample.repairs) == (0, "labelled", 4, 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no JSON at all", "JSON"),
        (json.dumps(REASONED | {"label": "furious"}), "furious"),
        (json.dumps(REASONED | {"confidence": 7}), "confidence"),
        (json.dumps(REASONED | {"cues": [REASONED["cues"][0] | {"time_s": 9}]}), "after the end"),
    ],
)
def test_an_answer_that_stays_malformed_is_counted_as_such(
    text, told, dialect, teacher_server, clips, label
):
    server = teacher_server()
    server.behave = lambda asked, times: (200, answer(asked, text))
    code, table = label(clips(1), server=server, dialect=dialect, samples=1)
    (clip,) = table.clips
    assert (code, clip.status) == (0, "malformed")
    assert told in clip.reason
    assert len(server.asked) == 2
    assert told in server.asked[1].text


def test_an_answer_that_is_cut_off_is_malformed(dialect, teacher_server, clips, label):
    server = teacher_server()
    stop = {"gemini": "MAX_TOKENS", "openai": "length"}[dialect]
    server.behave = lambda asked, times: (
        200,
        answer(asked, json.dumps(REASONED), stop=stop),
    )
    _, table = label(clips(1), server=server, dialect=dialect, samples=1)
    assert table.clips[0].status == "malformed"
    assert "cut off" in table.clips[0].reason


@pytest.mark.parametrize("no", [refused, blocked])
def test_a_refusal_is_an_answer_and_not_asked_again(no, dialect, teacher_server, clips, label):
    server = teacher_server()
    server.behave = lambda asked, times: no(asked)
    code, table = label(clips(1), server=server, dialect=dialect)
    (clip,) = table.clips
    assert (code, clip.status) == (0, "refused")
    assert "refused" in clip.reason
    assert len(server.asked) == 2
    assert label(clips(1), server=server, dialect=dialect)[1].clips[0].status == "refused"
    assert len(server.asked) == 2


def test_a_key_that_is_wrong_ends_all_at_once(dialect, teacher_server, clips, label):
    server = teacher_server(wait_s=0.05)
    server.behave = lambda asked, times: failed(asked, 401, "bad key", code="UNAUTHENTICATED")
    code, table = label(clips(6), server=server, dialect=dialect, manners={"concurrency": 2})
    assert code == 1
    assert {clip.status for clip in table.clips} == {"rejected"}
    assert all("401" in clip.reason for clip in table.clips)
    assert len(server.asked) == 2


def test_a_question_that_is_rejected_does_not_end_the_others(dialect, teacher_server, clips, label):
    server = teacher_server()
    server.behave = lambda asked, times: (
        failed(asked, 400, "bad picture", code="INVALID_ARGUMENT")
        if asked.seed == 0
        else well(asked)
    )
    code, table = label(clips(1), server=server, dialect=dialect)
    assert [sample.outcome for sample in table.clips[0].samples] == ["rejected", "labelled"]
    assert (code, table.clips[0].label) == (1, "negative")


def test_a_change_of_mind_is_the_label_and_disagreement_is_kept(
    dialect, teacher_server, clips, label
):
    server = teacher_server()
    reflections = [REVISED, CONFIRMED, CONFIRMED, WITHDRAWN]
    server.behave = lambda asked, times: (
        (200, answer(asked, json.dumps(reflections[asked.seed]))) if asked.reflects else well(asked)
    )
    _, table = label(clips(1), server=server, dialect=dialect, samples=4)
    (clip,) = table.clips
    assert [sample.label for sample in clip.samples] == ["positive", "negative", "negative", None]
    assert [sample.reflection for sample in clip.samples] == [
        *("revised", "confirmed", "confirmed", "withdrawn"),
    ]
    assert (clip.label, clip.votes) == ("negative", (2, 1))
    assert clip.soft == pytest.approx((2 / 3, 1 / 3))
    assert 0 < clip.disagreement < 1


def test_a_reflection_that_contradicts_itself_is_malformed(dialect, teacher_server, clips, label):
    server = teacher_server()
    odd = CONFIRMED | {"label": "positive"}
    server.behave = lambda asked, times: (
        (200, answer(asked, json.dumps(odd))) if asked.reflects else well(asked)
    )
    _, table = label(clips(1), server=server, dialect=dialect, samples=1)
    (sample,) = table.clips[0].samples
    assert (sample.outcome, sample.label, sample.first_label) == ("malformed", None, "negative")


def test_whatever_happens_every_clip_ends_with_a_label_or_a_reason(
    dialect, teacher_server, clips, label
):
    server, dice = teacher_server(), random.Random(7)
    troubles = [
        *(lambda asked, trouble=trouble: trouble(asked) for trouble in TROUBLES.values()),
        refused,
        blocked,
        lambda asked: (200, answer(asked, "{")),
    ]
    server.behave = lambda asked, times: (
        dice.choice(troubles)(asked) if dice.random() < 0.6 else well(asked)
    )
    _, table = label(clips(8), server=server, dialect=dialect)
    assert len(table.clips) == 8
    for clip in table.clips:
        assert (clip.label is None) != (clip.reason == "")
        for sample in clip.samples:
            assert (sample.label is None) == (sample.reason != "")


def test_the_same_command_again_asks_nothing(dialect, teacher_server, clips, label):
    server = teacher_server()
    films = clips(2)
    _, first = label(films, server=server, dialect=dialect)
    _, second = label(films, server=server, dialect=dialect)
    assert first == second
    assert len(server.asked) == 8


def test_another_prompt_or_picture_is_another_question(dialect, teacher_server, clips, label):
    server = teacher_server()
    label(clips(1), server=server, dialect=dialect, samples=1)
    label(clips(1), server=server, dialect=dialect, samples=1, frames=3)
    label(clips(1), server=server, dialect=dialect, samples=1, temperature=0.5)
    assert len(server.asked) == 6
