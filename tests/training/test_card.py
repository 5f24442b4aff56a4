import json
from dataclasses import replace
from math import inf

import numpy as np
import pytest

from engines.errors import ConfigError
from engines.sequence.checkpoint import Calibration, Checkpoint, Fed, NetworkDescription
from engines.sequence.shape import NetworkShape
from training.errors import DatasetError
from training.evaluation.card import card
from training.evaluation.evaluation import FoldName, corrected, evaluate, write_evaluation
from training.interview import Entry
from training.prediction import Predictions

TEST = FoldName(data="somewhere", protocol="own", fold="test")


@pytest.fixture
def checkpoint(tmp_path):
    def make(**changed):
        content = {
            "name": "mine",
            "labels": ("negative", "positive"),
            "taught": "expressed_valence",
            "trained_on": "somewhere: 40 interviews of 20 people",
            "shape": NetworkShape(),
            "fed": {"keypoints": Fed(name="wholebody", digest="ab" * 32)},
            "prior": (0.5, 0.5),
            "calibrations": {
                "somewhere": Calibration(temperature=2.0, min_confidence=0.6, risk=0.3, n=15)
            },
            "files": {"fusion.onnx": "cd" * 32},
        }
        description = NetworkDescription(**content | changed)
        return Checkpoint(folder=tmp_path, description=description, digest="ef" * 32)

    return make


@pytest.fixture
def predictions():
    random = np.random.default_rng(0)
    entries = tuple(
        Entry(
            name=str(row),
            subject=str(row // 2),
            label=row // 2 % 2,
            slices={"gender": "f" if row < 40 else "m"},
        )
        for row in range(44)
    )
    sides = np.array([2 * entry.label - 1 for entry in entries])
    evidence = sides[:, None] * np.array([0.2, 1.5]) + random.normal(size=(44, 2))
    logits = np.stack([np.zeros_like(evidence), evidence], axis=2).astype(np.float32)
    return Predictions(
        labels=("negative", "positive"), entries=entries, after_s=(10.0, inf), logits=logits
    )


def written(checkpoint, predictions, of=TEST, **options):
    evaluation = evaluate(checkpoint, predictions, of, **options)
    return card(checkpoint, evaluation, command="subface evaluate ...", curves=False)


def test_the_card_gives_figures_with_their_counts_early_and_late(checkpoint, predictions):
    text = written(checkpoint(), predictions)
    assert "44 interviews of 22 people, of whom none was in" in text
    rows = [line for line in text.splitlines() if line.startswith(("| 10 s |", "| all |"))]
    assert [row.count(" to ") for row in rows] == [7, 7]
    assert "an accuracy of 0.500" in text
    assert "subface evaluate ..." in text
    assert "ef" * 32 in text
    assert "cd" * 32 in text
    assert "wholebody (abababababab)" in text


def test_only_what_was_taught_by_outcomes_speaks_of_more_than_what_is_expressed(
    checkpoint, predictions
):
    expressed = written(checkpoint(), predictions)
    outcome = written(checkpoint(taught="hidden_emotion"), predictions)
    made_up = written(checkpoint(taught="synthetic"), predictions)
    for text in (expressed, outcome, made_up):
        assert "hidden emotion" not in text
        assert "Not for decisions about people" in text
    assert "**expresses**" in expressed
    assert "**outcome**" in outcome
    assert "no look into anybody" in outcome.replace("\n", " ")
    assert "of people it says nothing" in made_up.replace("\n", " ")


@pytest.mark.parametrize(
    ("fold", "said"), [("train", "what it remembers"), ("validation", "too good")]
)
def test_figures_of_those_it_learned_or_was_chosen_by_say_so(checkpoint, predictions, fold, said):
    text = written(checkpoint(), predictions, replace(TEST, fold=fold)).replace("\n", " ")
    assert said in text
    assert "none was in training" not in text


def test_calibration_and_threshold_are_told_as_they_are(checkpoint, predictions):
    held = written(checkpoint(), predictions).replace("\n", " ")
    assert "Its temperature, 2, was fitted on 15 interviews of somewhere" in held
    assert "abstains below a probability of 0.600" in held
    assert "| answered | wrong of these |" in held
    bare = written(checkpoint(calibrations={}), predictions).replace("\n", " ")
    assert "**not calibrated** on these data" in bare
    assert "never abstains for being unsure" in bare
    assert "| answered |" not in bare


def test_a_risk_that_no_confidence_kept_is_not_passed_over(checkpoint, predictions):
    own = checkpoint(calibrations={"somewhere": Calibration(temperature=2.0, n=15)})
    run = {
        "recipe": {"name": "mine", "risk": 0.1},
        "data": {"name": "somewhere", "folds": {"train": {"sha256": "12" * 32, "interviews": []}}},
    }
    (own.folder / "run.json").write_text(json.dumps(run))
    (own.folder / "command.txt").write_text("subface train somewhere\n")
    text = written(own, predictions)
    assert "no confidence kept the share of wrong answers at 0.1" in text.replace("\n", " ")
    assert "    subface train somewhere\n" in text
    assert "  risk: 0.1" in text or "risk: 0.1" in text


def test_a_network_is_not_calibrated_on_another_s_data(checkpoint, predictions):
    other = replace(TEST, data="elsewhere")
    assert evaluate(checkpoint(), predictions, other).calibrated_on is None
    assert evaluate(checkpoint(), predictions, other, domain="somewhere").temperature == 2.0
    with pytest.raises(DatasetError, match="was not calibrated on the moon, but on somewhere"):
        evaluate(checkpoint(), predictions, TEST, domain="the moon")


def test_groups_of_few_people_are_named_and_not_scored(checkpoint, predictions):
    text = written(checkpoint(), predictions)
    assert "| gender f | 40 | 20 |" in text
    assert "| gender m |" not in text
    assert "Too few people to say anything: gender m (2)." in text
    assert "By anything but gender" in text
    nobody = tuple(replace(entry, slices={}) for entry in predictions.entries)
    bare = written(checkpoint(), replace(predictions, entries=nobody))
    assert "nothing is recorded of them" in bare


def test_what_was_masked_and_never_learned_is_told(checkpoint, predictions):
    why = {"keypoints": "mine learned keypoints from wholebody, this run has other"}
    text = written(checkpoint(), predictions, masked=why)
    assert "- With keypoints: mine learned keypoints from wholebody" in text
    assert "- With image, text: it never learned from it." in text


def test_a_declared_prior_moves_the_answers_and_is_told(checkpoint, predictions):
    prior = {"negative": 0.1, "positive": 0.9}
    plain, moved = (
        evaluate(checkpoint(), predictions, TEST, prior=declared) for declared in (None, prior)
    )
    shares = [
        corrected(checkpoint(), predictions, one)[0].mean(axis=0)[1] for one in (plain, moved)
    ]
    assert shares[1] > shares[0] + 0.1
    assert "negative 0.1, positive 0.9" in written(checkpoint(), predictions, prior=prior)
    with pytest.raises(ConfigError, match="has no prior"):
        evaluate(checkpoint(prior=None), predictions, TEST, prior=prior)


def test_data_of_other_classes_are_refused(checkpoint, predictions):
    other = checkpoint(labels=("lost", "won"))
    with pytest.raises(DatasetError, match="its classes are negative, positive; those of mine"):
        evaluate(other, predictions, TEST)


def test_an_evaluation_is_written_whole(checkpoint, predictions, tmp_path):
    evaluation = evaluate(checkpoint(), predictions, TEST)
    path = tmp_path / "new" / "evaluation.json"
    write_evaluation(evaluation, path)
    found = json.loads(path.read_text())
    assert found["of"] == {"data": "somewhere", "protocol": "own", "fold": "test"}
    accuracy = found["scores"]["moments"][-1]["figures"]["accuracy"]
    assert set(accuracy) == {"value", "low", "high", "n", "subjects", "why"}
    assert found["scores"]["moments"][-1]["after_s"] is None
    assert [one.name for one in path.parent.iterdir()] == ["evaluation.json"]
