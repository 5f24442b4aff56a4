import numpy as np
import pytest

from training.starter.bags import KINDS, NEGATIVE, POSITIVE, SEVERAL, draw_bags

FACES = np.repeat([0, 1, 2], [50, 20, 30])
TEXTS = np.tile([2, 0, 1, 1], 15)


def draw(kind, count=120, *, seed=0, faces=FACES, texts=TEXTS):
    random = np.random.default_rng(seed)
    return draw_bags(kind, count, faces=faces, texts=texts, random=random)


@pytest.mark.parametrize("kind", KINDS)
def test_every_valence_is_as_frequent(kind):
    counts = np.bincount([bag.valence for bag in draw(kind)], minlength=3)
    assert counts.tolist() == ([60, 0, 60] if kind == "disagree" else [40, 40, 40])


def test_each_kind_holds_what_it_says():
    assert all(len(bag.faces) == 1 and bag.text is None for bag in draw("face"))
    assert all(len(bag.faces) == SEVERAL and bag.text is None for bag in draw("faces"))
    assert all(not bag.faces and bag.text is not None for bag in draw("text"))
    for kind in ("agree", "disagree"):
        counts = [len(bag.faces) for bag in draw(kind)]
        assert counts.count(1) == counts.count(SEVERAL) == 60


def test_the_last_of_several_faces_is_a_distractor_and_no_other():
    for bag in draw("faces"):
        shown = FACES[list(bag.faces)]
        assert (shown[:-1] == bag.valence).all()
        assert shown[-1] != bag.valence


def test_pairs_agree_or_are_opposite():
    assert all(TEXTS[bag.text] == bag.valence for bag in draw("agree"))
    for bag in draw("disagree"):
        assert {TEXTS[bag.text], bag.valence} == {NEGATIVE, POSITIVE}
        assert FACES[bag.faces[0]] == bag.valence


def test_the_same_seed_draws_the_same_bags():
    assert draw("agree") == draw("agree")
    assert draw("agree") != draw("agree", seed=1)


def test_a_valence_without_an_example_is_said():
    with pytest.raises(ValueError, match="expected a text of each valence"):
        draw("face", texts=TEXTS[TEXTS != 1])
