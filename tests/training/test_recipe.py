import pytest

from engines.errors import ConfigError
from training.learning.recipe import SHIPPED, Recipe, load_recipe


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_fits_data_of_all_three_modalities(name):
    recipe = load_recipe(name)
    shape = recipe.shape({"image": 32, "keypoints": 5, "text": 16}, classes=2, grid_hz=12.5)
    assert recipe.name == name
    assert list(shape.branches) == ["image", "keypoints", "text"]
    assert shape.modality_dropout == recipe.joint.modality_dropout > 0


def test_the_papers_recipe_has_the_scale_of_its_neighbours():
    recipe = load_recipe("paper")
    assert (recipe.network.width, recipe.network.heads, recipe.network.dropout) == (512, 4, 0.3)
    assert (recipe.decay, recipe.clip, recipe.focus) == (1e-4, 1.0, 2.0)
    assert recipe.branches.image.rate == 2e-4


def test_a_modality_that_the_data_lack_is_left_out():
    shape = Recipe(name="any").shape({"keypoints": 5}, classes=2, grid_hz=12.5)
    assert list(shape.branches) == ["keypoints"]
    assert shape.modality_dropout == 0


def test_a_key_is_overridden_and_one_that_there_is_not_is_answered_with_the_nearest():
    assert load_recipe("small", ["joint.epochs=3", "branches.text=null"]).joint.epochs == 3
    with pytest.raises(ConfigError, match=r"unknown key 'joint.epoch'; did you mean 'epochs'"):
        load_recipe("small", ["joint.epoch=3"])


def test_a_recipe_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(ConfigError, match=r"recipe 'smal': no such file.*small, paper"):
        load_recipe("smal")


def test_early_readings_of_a_network_that_looks_ahead_are_refused():
    with pytest.raises(ConfigError, match=r"prefixes.count: expected 0 with the bidirectional"):
        load_recipe("small", ["network.encoder=bidirectional"])
    whole = ["network.encoder=bidirectional", "prefixes.count=0"]
    assert load_recipe("small", whole).network.encoder == "bidirectional"
