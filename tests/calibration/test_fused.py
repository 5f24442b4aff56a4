"""What is published of a network's evidence, and what is withheld."""

import numpy as np
import pytest

from calibration.fused import UNCALIBRATED, FusedRule
from engines.errors import ConfigError
from engines.sequence.checkpoint import Calibration, Fed
from engines.sequence.interview import Evidence
from engines.sequence.person import PersonEvidence
from engines.sequence.shape import BranchShape, NetworkShape

SHAPE = NetworkShape(
    classes=3, image=BranchShape(features=6), text=BranchShape(features=4), keypoints=None
)
FED = {"image": Fed(name="faces"), "text": Fed(name="words")}


def logits(*values):
    return np.array(values, np.float32)


def seen(evidence, **how):
    return PersonEvidence(evidence=evidence, **{"missing": (), "stale": ()} | how)


def alone(*values):
    return seen(Evidence(logits=logits(*values), present=("image",), without={}), missing=("text",))


@pytest.fixture
def described(network):
    def make(**changed):
        return network(**{"shape": SHAPE, "fed": FED} | changed)

    return make


def test_the_best_class_is_the_label_and_valence_is_positive_less_negative(described):
    answer = FusedRule.of(described()).decide(alone(0, 1, 3))
    p = answer.fused.probabilities
    assert answer.fused.label == "positive"
    assert answer.fused.valence == pytest.approx(p["positive"] - p["negative"], abs=1e-6)
    assert answer.valence == answer.fused.valence
    assert answer.fused.calibrated_on is None


def test_of_two_classes_valence_is_the_second_less_the_first(described):
    two = described(labels=("lost", "won"), shape=NetworkShape(), fed={}, prior=(0.5, 0.5))
    answer = FusedRule.of(two).decide(alone(0, 2))
    assert answer.valence == pytest.approx(np.tanh(1), abs=1e-6)


def test_without_evidence_there_is_no_reading_and_it_says_why(described):
    answer = FusedRule.of(described()).decide(seen(None, missing=("image", "text")))
    assert answer.fused is None
    assert answer.abstained == "no_evidence"
    assert answer.valence is None
    assert answer.states["image"] == "missing"


def test_an_unsure_reading_is_withheld_but_its_valence_is_told(described):
    sure = Calibration(temperature=1.0, min_confidence=0.8, risk=0.2, n=100)
    rule = FusedRule.of(described(calibrations={"tests": sure}))
    answer = rule.decide(alone(1, 0, 1))
    assert answer.fused is None
    assert answer.abstained == "unsure"
    assert answer.valence == pytest.approx(0, abs=1e-6)
    assert rule.decide(alone(0, 0, 9)).fused.calibrated_on == "tests"


def test_shares_are_by_how_far_the_reading_would_be_elsewhere(described):
    evidence = Evidence(
        logits=logits(3, 0, 0),
        present=("image", "text"),
        without={"image": logits(3, 0, 0), "text": logits(0, 0, 3)},
    )
    shares = FusedRule.of(described()).decide(seen(evidence)).shares
    assert shares["text"] == pytest.approx(1)
    assert shares["image"] == pytest.approx(0, abs=1e-9)


def test_modalities_that_move_nothing_share_alike(described):
    same = logits(1, 0, 0)
    evidence = Evidence(
        logits=same, present=("image", "text"), without={"image": same, "text": same}
    )
    assert FusedRule.of(described()).decide(seen(evidence)).shares == {"image": 0.5, "text": 0.5}


def test_a_modality_alone_has_all_the_share(described):
    assert FusedRule.of(described()).decide(alone(1, 0, 0)).shares == {"image": 1.0}


def test_every_modality_says_what_became_of_it(described):
    rule = FusedRule.of(described(), untrained=("keypoints",), masked=("image",))
    states = rule.decide(seen(None, stale=("text",))).states
    assert states == {"image": "masked", "keypoints": "untrained", "text": "stale"}


def test_a_declared_prior_moves_the_reading(described):
    declared = {"negative": 0.8, "neutral": 0.1, "positive": 0.1}
    plain, moved = FusedRule.of(described()), FusedRule.of(described(), prior=declared)
    even = alone(1, 1, 1)
    assert moved.decide(even).valence < plain.decide(even).valence


def test_of_several_domains_one_must_be_named_and_known(described):
    one = Calibration(temperature=2.0, n=10)
    several = described(calibrations={"web": one, "court": one})
    with pytest.raises(ConfigError, match="web, court, none"):
        FusedRule.of(several)
    with pytest.raises(ConfigError, match="got film"):
        FusedRule.of(several, domain="film")
    assert FusedRule.of(several, domain="web").calibration == one
    assert FusedRule.of(several, domain=UNCALIBRATED).calibration is None
