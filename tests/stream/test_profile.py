import pytest
import yaml

from configs import shipped, shipped_profiles
from engines.errors import ConfigError, ModelMissingError
from engines.models.manifest import shipped_manifest
from engines.models.store import ModelStore
from stream.cli import main
from stream.profile import load_profile


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_profile_loads_under_its_own_name(name):
    assert load_profile(name).name == name


def test_set_overrides_a_nested_value():
    assert load_profile("embedded", ["reading.hop_s=1.25"]).reading.hop_s == 1.25


def test_an_unknown_key_names_the_nearest_valid_one():
    with pytest.raises(ConfigError, match=r"'reading.hops_s'; did you mean 'hop_s'\?"):
        load_profile("embedded", ["reading.hops_s=1"])


def test_a_wrong_type_names_key_and_value():
    with pytest.raises(ConfigError, match=r"reading\.hop_s: .*number.*got 'soon'"):
        load_profile("embedded", ["reading.hop_s=soon"])


def test_an_unknown_profile_names_the_nearest_one():
    with pytest.raises(ConfigError, match="did you mean 'embedded'"):
        load_profile("embeded")


def test_an_override_without_a_value_says_the_form():
    with pytest.raises(ConfigError, match="expected key=value"):
        load_profile("embedded", ["reading.hop_s"])


@pytest.mark.parametrize(
    ("text", "reason"), [("name: [", "not YAML"), ("just words", "expected keys")]
)
def test_a_broken_file_is_one_clear_line(tmp_path, text, reason):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=reason) as caught:
        load_profile(str(path))
    assert "\n" not in str(caught.value)


def test_a_profile_of_ones_own_is_read_from_its_path(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"name": "mine", "site": "studio-1"}))
    assert load_profile(str(path)).site == "studio-1"


def test_the_shipped_profile_repeats_only_defaults_that_still_hold():
    values = yaml.safe_load(shipped("embedded.yaml").read_text())
    profile = load_profile("embedded")
    assert profile.perception.detector.every == values["perception"]["detector"]["every"]


@pytest.mark.parametrize(("text", "url"), [("off", "off"), ("embedded", "embedded")])
def test_off_is_a_word_and_no_boolean(text, url):
    assert load_profile("embedded", [f"mqtt.url={text}"]).mqtt.url == url


def test_true_and_false_are_booleans():
    assert load_profile("embedded", ["source.sound=false"]).source.sound is False


@pytest.mark.parametrize("name", shipped_profiles())
def test_one_pull_brings_every_model_of_a_shipped_profile(name):
    needed = load_profile(name).perception.models()
    assert set(needed) <= set(shipped_manifest().group(name))


@pytest.mark.parametrize("name", shipped_profiles())
def test_what_a_profile_lacks_is_said_at_once_with_the_command_that_brings_it(name, tmp_path):
    store, needed = ModelStore(tmp_path), load_profile(name).perception.models()
    missing = [model for model in needed if not store.present(model)]  # what is shipped is there
    with pytest.raises(ModelMissingError) as caught:
        store.require(needed)
    assert f"`subface models pull {' '.join(missing)}` brings" in str(caught.value)
    assert set(needed) - set(missing) == {"starter-face"}


def test_check_says_what_the_papers_profile_lacks(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SUBFACE_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "400")
    assert main(["check", "--profile", "paper", "--mqtt", "off"]) == 2
    said = capsys.readouterr().err
    assert "`subface models pull yolo11x-persons-640x640" in said
    assert "dinov2-base-crops" in said


def test_the_papers_profile_is_the_papers():
    perception = load_profile("paper").perception
    assert perception.detector.model.startswith("yolo11x")
    assert perception.detector.every == 1
    assert perception.appearance.model.startswith("dinov2-base")
    assert perception.appearance.crop == "person"
    assert perception.keypoints.model
