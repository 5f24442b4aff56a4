from collections import Counter
from dataclasses import fields

import numpy as np
import pytest

from engines.errors import ConfigError
from engines.sequence.keypoint_state import KeypointState
from engines.sequence.normalize import normalize
from engines.sequence.shape import MODALITIES
from engines.spec.skeleton import INDEX, LEFT_HAND, LEFT_WRIST, MIRROR, NECK, RIGHT_WRIST
from training.split import divide
from training.synthetic.interviews import SyntheticInterviews
from training.synthetic.oracle import oracle
from training.synthetic.plant import Plant, ceiling
from training.synthetic.script import SyntheticConfig

SHORT = {"duration_s": (130.0, 170.0), "lag_s": (40.0, 90.0), "grid_hz": 5.0}


def made(*, agrees=0.75, by="order", **changed):
    plants = {name: Plant(agrees=agrees, by=by) for name in MODALITIES}
    config = {"interviews": 60, "subjects": 60, "plants": plants} | SHORT | changed
    return SyntheticInterviews(SyntheticConfig(**config))


def balanced(guesses, labels):
    guesses, labels = np.array(guesses), np.array(labels)
    return np.mean([(guesses[labels == label] == label).mean() for label in (0, 1)])


def newest(time_s, strength, lasting_s=2.0, grid_hz=5.0):
    """The time at which something was strongest for so long."""
    kernel = np.ones(round(lasting_s * grid_hz))
    return time_s[np.convolve(strength, kernel, mode="same").argmax()]


def cues_seen(interview, directions):
    """When cue A and cue B are seen in what a network is given, by modality."""
    time_s = interview.time_s
    across = interview.appearance @ directions.appearance.T
    across = np.where(interview.appearance_valid[:, None], across, across.min(axis=0))
    words = interview.text @ directions.text.T
    points = interview.keypoints
    unit = np.abs(points[:, 5, 0] - points[:, 2, 0]).clip(1)[:, None]
    wrists = points[:, [LEFT_WRIST, RIGHT_WRIST]]
    height = np.where(wrists[:, :, 2] > 0, (wrists[:, :, 1] - points[:, [NECK], 1]) / unit, 9)
    height = np.where(points[:, [NECK], 2] > 0, height, 9).min(axis=1)
    forehead, throat = height < -0.7, np.abs(height) < 0.3
    return {
        "image": tuple(newest(time_s, across[:, cue]) for cue in (0, 1)),
        "keypoints": (newest(time_s, forehead), newest(time_s, throat)),
        "text": tuple(interview.text_available_s[words.argmax(axis=0)]),
    }


def test_the_counts_are_those_of_imigue():
    entries = SyntheticInterviews(SyntheticConfig()).entries
    assert Counter(entry.label for entry in entries) == {1: 258, 0: 101}
    assert len({entry.subject for entry in entries}) == 72
    assert len({entry.name for entry in entries}) == 359
    assert {entry.slices["gender"] for entry in entries} == {"f", "m"}


def test_the_subjects_can_be_divided_without_meeting_again():
    entries = SyntheticInterviews(SyntheticConfig(subjects=60, interviews=180)).entries
    split = divide(entries, {"train": 0.6, "validation": 0.2, "test": 0.2}, seed=0)
    for fold in split.folds:
        counts = split.counts(fold)
        assert 0.6 < counts[1] / sum(counts.values()) < 0.85


def test_signs_agree_with_the_label_exactly_as_often_as_planted():
    plants = {"image": Plant(agrees=0.8), "text": Plant(agrees=1.0)}
    scripts = SyntheticInterviews(SyntheticConfig(plants=plants)).scripts
    agree = {
        name: [
            np.mean([s.signs[name] == label for s in scripts if s.entry.label == label])
            for label in (0, 1)
        ]
        for name in MODALITIES
    }
    assert agree["image"] == pytest.approx([0.8, 0.8], abs=0.005)
    assert agree["text"] == [1, 1]
    assert agree["keypoints"] == pytest.approx([0.5, 0.5], abs=0.01)


@pytest.mark.parametrize("by", ["order", "lag"])
def test_who_reads_order_and_lag_reads_every_sign(by):
    drawn = made(by=by)
    for number, script in enumerate(drawn.scripts):
        seen = cues_seen(drawn[number], drawn.directions)
        for name, (a_s, b_s) in seen.items():
            soon = abs(a_s - b_s) < sum(SHORT["lag_s"]) / 2
            assert (a_s < b_s if by == "order" else soon) == bool(script.signs[name]), name


def test_who_reads_every_sign_reaches_the_ceiling():
    shares = {"image": 0.75, "keypoints": 0.8, "text": 0.78}
    plants = {name: Plant(agrees=share) for name, share in shares.items()}
    config = SyntheticConfig(plants=plants, interviews=4000, subjects=60)
    scripts = SyntheticInterviews(config).scripts
    labels = [script.entry.label for script in scripts]
    for given in (("image",), ("keypoints",), MODALITIES):
        reached = balanced(oracle(scripts, config, given) > 0, labels)
        best = ceiling({name: plants[name] for name in given}).balanced_accuracy
        assert reached == pytest.approx(best, abs=0.02)
    assert ceiling(plants).balanced_accuracy > 0.8 + 0.04


def test_where_nothing_is_planted_the_oracle_knows_nothing():
    config = SyntheticConfig(plants={"text": Plant(agrees=1.0)})
    scripts = SyntheticInterviews(config).scripts
    assert not oracle(scripts, config, ["image", "keypoints"]).any()
    labels = [script.entry.label for script in scripts]
    assert balanced(oracle(scripts, config, ["text"]) > 0, labels) == 1


def test_a_cue_in_what_is_said_turns_it_as_far_as_was_asked():
    loud, low = (
        SyntheticInterviews(SyntheticConfig(interviews=1, subjects=1, text_cue_length=length))
        for length in (3.0, 1.0)
    )
    less = loud[0].text - low[0].text
    said = less[np.abs(less).max(axis=1) > 0]
    # two cues, each in an utterance of its own, each 2 shorter in a direction of its own
    assert said.shape[0] == 2
    turned = said @ loud.directions.text.T
    assert np.allclose(np.sort(turned.ravel()), [0, 0, 2, 2], atol=1e-5)


def test_the_ceiling_follows_from_bayes_rule():
    one = ceiling({"image": Plant(agrees=0.8)}, positive=258 / 359)
    assert one.balanced_accuracy == pytest.approx(0.8)
    assert one.auc == pytest.approx(0.8)
    assert ceiling({"image": Plant(agrees=0.6)}, positive=0.75).accuracy == pytest.approx(0.75)
    two = ceiling({"image": Plant(agrees=0.8), "text": Plant(agrees=0.8)})
    assert two.balanced_accuracy == pytest.approx(0.8)
    # of two agreeing signs, one and none: .64 .32 .04 in class 1, the other way in class 0
    assert two.auc == pytest.approx(0.64 * 0.96 + 0.32 * 0.64 + (0.32**2 + 2 * 0.64 * 0.04) / 2)
    nothing = ceiling({"text": Plant()})
    assert (nothing.balanced_accuracy, nothing.auc) == (0.5, 0.5)


def pooled(interview):
    """Means and spreads over the whole interview, by modality, of what a network is given."""
    features, known, _ = normalize(
        interview.keypoints,
        time_s=interview.time_s,
        shot=interview.shot,
        valid=interview.keypoints_valid,
        state=KeypointState.fresh(),
    )
    text, said = interview.text_as_of()
    rows = {
        "image": interview.appearance[interview.appearance_valid],
        "keypoints": features[known].reshape(known.sum(), -1),
        "text": text[said],
    }
    return {name: np.concatenate([own.mean(axis=0), own.std(axis=0)]) for name, own in rows.items()}


def logistic(features, labels, seen):
    """A regression on the first principal components, classes weighing alike, by Newton's steps."""
    rows = (features - features[seen].mean(axis=0)) / (features[seen].std(axis=0) + 1e-6)
    rows = rows @ np.linalg.svd(rows[seen], full_matrices=False)[2][:64].T
    rows = np.concatenate([rows / rows[seen].std(axis=0), np.ones((len(rows), 1))], axis=1)
    shares = np.where(labels == 1, 1 / labels[seen].mean(), 1 / (1 - labels[seen].mean()))
    weights = np.zeros(rows.shape[1])
    for _ in range(10):
        p = 1 / (1 + np.exp(-rows[seen] @ weights))
        slope = rows[seen].T @ (shares[seen] * (labels[seen] - p)) - 5 * weights
        curve = (rows[seen] * (shares[seen] * p * (1 - p))[:, None]).T @ rows[seen]
        weights += np.linalg.solve(curve + 5 * np.eye(len(weights)), slope)
    return rows @ weights > 0


def cross_subject(features, labels, people):
    guesses = np.zeros(len(labels), np.bool_)
    for fold in range(6):
        own = people % 6 == fold
        guesses[own] = logistic(features, labels, ~own)[own]
    return balanced(guesses, labels)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["order", "lag"])
def test_a_regression_on_pooled_features_stays_at_chance(by):
    drawn = made(agrees=0.95, by=by, interviews=240)
    features = [pooled(interview) for interview in drawn]
    labels = np.array([entry.label for entry in drawn.entries])
    people = np.array([int(entry.subject[1:]) for entry in drawn.entries])
    for name in MODALITIES:
        rows = np.stack([own[name] for own in features])
        assert abs(cross_subject(rows, labels, people) - 0.5) < 0.1, name  # 2.8 standard errors
        # the same regression finds what does lie in a mean, in one number in sixteen
        rows[:, ::16] += labels[:, None] * rows[:, ::16].std(axis=0) * 2
        assert cross_subject(rows, labels, people) > 0.8, name


def test_the_same_seed_makes_the_same_interview_whenever_it_is_drawn():
    first, second = made(), made()
    later = [second[number] for number in (9, 3)][1]
    for item in fields(later):
        np.testing.assert_array_equal(getattr(first[3], item.name), getattr(later, item.name))
    other = made(seed=1)
    assert not np.array_equal(first[3].text[:5], other[3].text[:5])


def test_a_person_at_a_desk_has_no_legs_and_at_times_no_hands():
    interview = made(grid_hz=12.5)[0]
    found = (interview.keypoints[:, :, 2] > 0).mean(axis=0)
    legs = [place for name, place in INDEX.items() if name.split("_")[-1] in
            {"hip", "knee", "ankle", "toe", "heel"}]  # fmt: skip
    assert len(legs) == 13
    assert not found[legs].any()
    assert 0.3 < found[LEFT_HAND].mean() < 0.95
    assert found[NECK] > 0.8
    assert not interview.keypoints[~interview.keypoints_valid].any()
    assert not interview.appearance[~interview.appearance_valid].any()
    assert 0.75 < interview.keypoints_valid.mean() < 1
    assert interview.shot[-1] > 2
    assert (
        (interview.keypoints[:, :, :2] >= 0) & (interview.keypoints[:, :, :2] < (1280, 720))
    ).all()


def test_the_subject_is_in_the_picture_while_a_cue_is_shown():
    drawn = made()
    for script, interview in zip(drawn.scripts[:20], drawn[:20], strict=True):
        for cue_s in script.cues_s["keypoints"]:
            during = (interview.time_s >= cue_s) & (interview.time_s < cue_s + 6)
            assert interview.keypoints_valid[during].mean() > 0.5


def test_the_mirror_image_has_left_and_right_where_they_belong():
    points = made()[0].keypoints
    seen = (points[:, :, 2] > 0).all(axis=1, where=(points[:, :, 2] > 0).any(axis=0))
    tick = np.flatnonzero(seen)[0]
    turned = points[tick][MIRROR] * (-1, 1, 1)
    assert turned[RIGHT_WRIST, 0] < turned[LEFT_WRIST, 0]


def test_words_are_known_only_after_they_were_said():
    drawn = made(word_delay_s=(5.0, 6.0))
    for script, interview in zip(drawn.scripts[:20], drawn[:20], strict=True):
        projected = interview.text @ drawn.directions.text.T
        known_s = interview.text_available_s[projected.argmax(axis=0)]
        assert (known_s >= np.array(script.cues_s["text"]) + 5).all()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"duration_s": (100.0, 120.0)}, "duration_s: expected more than 126 s; got"),
        ({"lag_s": (5.0, 60.0)}, "lag_s: expected 20 s or more"),
        ({"cue_s": 30.0}, "cue_s: expected 1 to 10 s; got 30"),
        ({"subjects": 61}, "subjects: expected 1 to interviews; got 61"),
        ({"text_cue_length": 0.0}, "text_cue_length: expected more than 0; got 0"),
        ({"positive": 1.0}, "positive: expected a share"),
        ({"agrees": 0.4}, "agrees: expected a share from 0.5"),
    ],
)
def test_what_cannot_be_made_is_refused(changed, reason):
    with pytest.raises(ConfigError, match=reason):
        made(**changed)
