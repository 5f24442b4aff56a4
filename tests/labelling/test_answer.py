"""What is an answer and what is malformed; what several come to."""

import json

import pytest
from teacher_server import CONFIRMED, REASONED

from training.labelling.answer import (
    MalformedAnswerError,
    Reasoned,
    Reflected,
    read_answer,
    schema_of,
)
from training.labelling.sample import Sample
from training.labelling.vote import count

LABELS = ("negative", "neutral", "positive")


def read(model, content, **changed):
    given = {"labels": LABELS, "duration_s": 3.0, "first": "negative"} | changed
    return read_answer(model, content if isinstance(content, str) else json.dumps(content), **given)


def test_an_answer_may_stand_in_a_fence():
    assert read(Reasoned, f"```json\n{json.dumps(REASONED)}\n```").label == "negative"


@pytest.mark.parametrize("key", REASONED)
def test_an_answer_without_a_key_is_malformed(key):
    content = {name: value for name, value in REASONED.items() if name != key}
    with pytest.raises(MalformedAnswerError, match=key):
        read(Reasoned, content)


@pytest.mark.parametrize(
    "changed", [{"mood": 1}, {"confidence": "high"}, {"label": "NEGATIVE"}, {"reasoning": ""}]
)
def test_an_answer_with_something_else_is_malformed(changed):
    with pytest.raises(MalformedAnswerError):
        read(Reasoned, REASONED | changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"label": "positive"},
        {"outcome": "revised"},
        {"outcome": "revised", "label": None},
        {"outcome": "withdrawn"},
    ],
)
def test_a_reflection_must_fit_the_label_before_it(changed):
    with pytest.raises(MalformedAnswerError, match="outcome"):
        read(Reflected, CONFIRMED | changed)


def test_the_schema_names_the_classes_and_asks_for_every_key():
    first, second = (schema_of(model, LABELS)["properties"] for model in (Reasoned, Reflected))
    assert first["label"]["enum"] == list(LABELS)
    assert second["label"]["anyOf"][0]["enum"] == list(LABELS)
    for model in (Reasoned, Reflected):
        schema = schema_of(model, LABELS)
        assert set(schema["required"]) == set(schema["properties"])
        assert schema["additionalProperties"] is False


def votes(*given):
    return count(
        [
            Sample(number=number, outcome="labelled", label=label, confidence=confidence)
            for number, (label, confidence) in enumerate(given)
        ],
        LABELS,
    )


def test_votes_are_shares_and_who_withdrew_has_none():
    vote = votes(("negative", 0.6), ("positive", 0.9), ("negative", 0.8), (None, None))
    assert (vote.label, vote.votes) == ("negative", (2, 0, 1))
    assert vote.soft == pytest.approx((2 / 3, 0, 1 / 3))
    assert vote.confidence == pytest.approx(0.7)


def test_equal_votes_go_by_confidence_and_a_tie_has_no_label():
    assert votes(("negative", 0.6), ("positive", 0.9)).label == "positive"
    tie = votes(("negative", 0.9), ("positive", 0.9))
    assert (tie.label, tie.confidence, tie.soft) == (None, None, (0.5, 0, 0.5))


def test_disagreement_is_nothing_where_all_agree_and_one_where_nobody_does():
    assert votes(("negative", 1.0), ("negative", 1.0)).disagreement == 0
    whole = votes(("negative", 1.0), ("neutral", 0.5), ("positive", 0.2)).disagreement
    assert whole == pytest.approx(1)


def test_without_votes_there_is_nothing():
    vote = votes((None, None))
    assert (vote.label, vote.soft, vote.votes, vote.disagreement) == (None, None, (0, 0, 0), None)
