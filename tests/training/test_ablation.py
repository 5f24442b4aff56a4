"""The plan of ``subface ablate``: what is trained, shared, left out, and what is wrong with it."""

import pytest

from engines.errors import ConfigError
from engines.sequence.shape import MODALITIES
from training.ablation.config import SHIPPED, AblationConfig, load_config, overrides
from training.ablation.options import AblateOptions
from training.ablation.plan import Plan
from training.ablation.row import Row, Training, Way
from training.data import open_data
from training.errors import DatasetError

BASE = Way(body="mlp", encoder="streaming", labels="all")
EVERY = ("all", "gold", "pseudo")


def plan(has=MODALITIES, labels=EVERY, **changed):
    return Plan(config=AblationConfig(name="tiny", **changed), has=has, labels=labels)


def options(**changed):
    stated = {
        "data": "synthetic", "out": "out", "config": "small", "overrides": (), "labels": None,
        "protocol": None, "lists": None, "pseudo": None, "transductive": False, "plan": False,
        "accelerator": "cpu", "threads": 1,
    }  # fmt: skip
    return AblateOptions(**stated | changed)


def test_the_base_is_each_modality_alone_and_in_pairs_and_all_together():
    assert [row.given for row in plan().rows] == [
        ("image",),
        ("keypoints",),
        ("text",),
        ("image", "keypoints"),
        ("image", "text"),
        ("keypoints", "text"),
        ("image", "keypoints", "text"),
    ]


def test_a_modality_alone_is_trained_once_before_all_that_begin_with_it():
    trainings = plan(seeds=3).trainings
    assert len(trainings) == len(set(trainings)) == 7 * 3
    for place, training in enumerate(trainings):
        assert all(own in trainings[:place] for own in training.built_on)


def test_a_row_of_all_alone_trains_what_it_is_built_on():
    names = [own.name for own in plan(read=["together"], seeds=1).trainings]
    assert names == [
        "image-streaming-all-0",
        "keypoints-mlp-streaming-all-0",
        "text-streaming-all-0",
        "image+keypoints+text-mlp-streaming-all-0",
    ]


def test_without_keypoints_no_body_is_varied():
    varied = plan(vary=[{"body": "gcn"}], seeds=1)
    gcn = [row.given for row in varied.rows if row.way.body == "gcn"]
    assert gcn == [
        ("keypoints",), ("image", "keypoints"), ("keypoints", "text"), MODALITIES,
    ]  # fmt: skip
    joint = Training(
        given=MODALITIES, way=Way(body="gcn", encoder="streaming", labels="all"), seed=0
    )
    assert joint.built_on[0].name == "image-streaming-all-0"
    assert joint.built_on[1].name == "keypoints-gcn-streaming-all-0"


def test_a_variation_changes_the_recipe_of_its_own_trainings_alone():
    vary = [{"body": "gcn", "recipe": {"network": {"channels": [4], "kernel": 1}}}]
    varied = plan(vary=vary, recipe={"batch": 7, "prefixes": {"count": 0}})
    by_name = {own.name: varied.recipe(own) for own in varied.trainings}
    gcn, mlp = (by_name[f"keypoints-{body}-streaming-all-1"] for body in ("gcn", "mlp"))
    assert (gcn.network.body, gcn.network.channels, gcn.network.kernel) == ("gcn", (4,), 1)
    assert (mlp.network.body, mlp.network.channels) == ("mlp", (48, 64, 96))
    assert gcn.batch == mlp.batch == 7
    assert gcn.seed == 1
    assert gcn.branches.image is gcn.branches.text is None


def test_one_thing_is_varied_at_a_time_unless_everything_is_crossed():
    vary = [{"body": "gcn"}, {"encoder": "bidirectional"}]
    stated = {"vary": vary, "read": ["keypoints"], "recipe": {"prefixes": {"count": 0}}}
    assert len(plan(**stated).rows) == 3
    crossed = plan(**stated, cross=True)
    assert {(row.way.body, row.way.encoder) for row in crossed.rows} == {
        (body, encoder) for body in ("mlp", "gcn") for encoder in ("streaming", "bidirectional")
    }


def test_what_the_data_lack_is_left_out_and_named():
    poor = plan(
        has=("keypoints",), labels=("all",), vary=[{"labels": "gold"}, {"labels": "pseudo"}]
    )
    assert [row.given for row in poor.rows] == [("keypoints",)]
    told = "; ".join(poor.left_out)
    assert "no image and no text (" in told
    assert "gold alone: every label of recorded interviews is gold" in told
    assert "pseudo-labels: no --pseudo labels.parquet was given" in told


def test_nothing_left_to_train_is_an_error():
    with pytest.raises(ConfigError, match=r"no row is left: the data have no image \(1 row\)"):
        plan(has=("keypoints",), read=["image"])


def test_of_two_rows_alike_the_one_of_more_seeds_counts():
    doubled = plan(vary=[{"encoder": "streaming", "seeds": 5}], read=["text"], seeds=2)
    assert doubled.rows == (Row(given=("text",), way=BASE.of(("text",)), seeds=5),)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_configuration_plans_all_modalities_both_bodies_and_encoders(name):
    shipped = Plan(config=load_config(name), has=MODALITIES, labels=EVERY)
    assert {row.given for row in shipped.rows if row.way == BASE.of(row.given)} >= {
        (own,) for own in MODALITIES
    }
    assert {row.way.body for row in shipped.rows} == {None, "mlp", "gcn"}
    assert {row.way.encoder for row in shipped.rows} == {"streaming", "bidirectional"}
    assert {row.way.labels for row in shipped.rows} == set(EVERY)


def test_nested_keys_are_overrides():
    changed = {"joint": {"epochs": 2}, "branches": {"text": None}, "decay": 1e-05}
    assert overrides(changed) == ["joint.epochs=2", "branches.text=null", "decay=1e-05"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"overrides": ["seed=3"]}, "unknown key 'seed'; did you mean 'seeds'"),
        ({"overrides": ["recipe.joint.epoch=3"]}, "did you mean 'epochs'"),
        ({"overrides": ["read=[faces]"]}, "expected alone, pairs, together or some of image, key"),
        ({"overrides": ["vary=[{seeds: 2}]"]}, "expected body, encoder or labels to be otherwise"),
        ({"config": "large"}, "no such file, and none that is shipped .*small, paper"),
        ({"pseudo": "labels.parquet"}, "--pseudo is for interviews that were recorded"),
        ({"transductive": True}, "--transductive says what --pseudo"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_loaded(wrong, reason):
    own = options(**wrong)
    with pytest.raises(ConfigError, match=reason):
        own.load_config()
        own.as_trained().check_pool()


def test_labels_that_are_missing_are_told_of(tmp_path):
    own = options(data=str(tmp_path), protocol="cvpr21")
    with pytest.raises(DatasetError, match=r"labels.csv: expected .*Oulu"):
        open_data(own.as_trained().data_options())


def test_the_command_is_the_one_that_was_typed():
    own = options(overrides=["seeds=5", "synthetic.seed=1"], config="paper", pseudo=None)
    assert own.command() == (
        "subface ablate synthetic --out out --config paper --set seeds=5 --set synthetic.seed=1"
    )
