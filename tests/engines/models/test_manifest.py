import numpy as np
import pytest
import yaml

from configs import shipped
from engines.backends import open_engine
from engines.config import PerceptionConfig, RuntimeConfig, SpeechConfig, TextConfig
from engines.errors import ConfigError
from engines.models.manifest import DerivedModel, load_manifest, shipped_manifest
from engines.models.source import HubSource
from engines.spec.labels import EXPRESSIONS

NETWORKS = [
    name
    for name, model in shipped_manifest().models.items()
    if model.input and {"embedded", "optional", "holistic", "edge-lite"} & set(model.used_by)
]

WITHOUT_A_HUB = {"embedded", "demo", "holistic", "optional", "build", "edge-lite"}


def downloaded():
    models = shipped_manifest().models.values()
    return [model for model in models if not isinstance(model, DerivedModel)]


@pytest.fixture
def edited(tmp_path):
    """Load the shipped manifest after a change to its content."""

    def load(change):
        values = yaml.safe_load(shipped("models.yaml").read_text())
        change(values)
        path = tmp_path / "models.yaml"
        path.write_text(yaml.safe_dump(values))
        return load_manifest(path)

    return load


def test_every_model_of_the_default_profile_is_in_the_manifest_and_in_its_group():
    perception = PerceptionConfig()
    wanted = {
        perception.detector.model,
        perception.face.detector,
        perception.face.mesh,
        perception.expression.model,
        *shipped_manifest().with_tokenizers(SpeechConfig().models() + TextConfig().models()),
    }
    assert (
        wanted <= set(shipped_manifest().group("embedded")) <= set(shipped_manifest().group("demo"))
    )


def test_what_the_default_profile_and_the_tests_need_is_shipped_or_in_a_pinned_package():
    for model in downloaded():
        if WITHOUT_A_HUB & set(model.used_by):
            assert {file.sources[-1].kind for file in model.files} <= {"package", "shipped"}


def test_a_pickle_without_a_digest_is_refused(edited):
    with pytest.raises(ConfigError, match=r"yolo11n-seg.*expected a digest, got null"):
        edited(lambda values: values["models"]["yolo11n-seg"].update(sha256=None))


def test_a_model_without_a_digest_says_so():
    for model in downloaded():
        if any(file.sha256 is None for file in model.files):
            assert "digest" in model.notes


def test_the_face_encoder_has_the_classes_of_the_spec_in_their_order():
    assert shipped_manifest().model("starter-face").classes == EXPRESSIONS


def test_the_peers_expression_network_has_the_same_classes_in_an_order_of_its_own():
    classes = shipped_manifest().model("fer-expression").classes
    assert sorted(classes) == sorted(EXPRESSIONS)
    assert classes != EXPRESSIONS


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_takes_and_returns_what_the_manifest_says(need_model, name):
    model = shipped_manifest().model(name)
    with open_engine(need_model(name), RuntimeConfig()) as engine:
        for stated, found in (
            (model.input, engine.spec.inputs),
            (model.output, engine.spec.outputs),
        ):
            assert [tensor.name for tensor in stated] == [tensor.name for tensor in found]
            for tensor, real in zip(stated, found, strict=True):
                assert np.dtype(tensor.dtype) == real.dtype
                fixed = tuple(axis if isinstance(axis, int) else None for axis in tensor.shape)
                assert fixed == real.shape


def test_an_unknown_model_is_answered_with_the_nearest_name():
    with pytest.raises(ConfigError, match=r"'facemesh'.*did you mean 'face-mesh'\?"):
        shipped_manifest().model("facemesh")


def test_an_unknown_group_is_answered_with_the_nearest_name():
    with pytest.raises(ConfigError, match=r"did you mean 'embedded'\?"):
        shipped_manifest().group("embeded")


def test_an_unknown_key_is_refused_with_the_file_and_the_key(edited):
    with pytest.raises(ConfigError, match=r"models\.yaml: models\.face-mesh.*md5: extra"):
        edited(lambda values: values["models"]["face-mesh"].update(md5="0"))


def test_a_derived_model_must_be_made_from_a_downloaded_one(edited):
    def change(values):
        values["models"]["yolo11n-persons-320x320"]["made_from"] = "yolo12"

    with pytest.raises(ConfigError, match="'yolo12' is no downloaded model of one file"):
        edited(change)


def test_a_source_must_name_a_package_of_the_manifest(edited):
    with pytest.raises(ConfigError, match="'fer' is not among the packages"):
        edited(lambda values: values["packages"].pop("fer"))


def test_a_canvas_must_fit_the_strides_of_the_network(edited):
    def change(values):
        values["models"]["yolo11n-persons-320x320"]["canvas_hw"] = [300, 320]

    with pytest.raises(ConfigError, match=r"canvas_hw.*multiples? of 32"):
        edited(change)


def test_a_manifest_that_is_no_yaml_is_refused_in_one_line(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("models: [")
    with pytest.raises(ConfigError, match=r"broken\.yaml: not YAML") as caught:
        load_manifest(path)
    assert "\n" not in str(caught.value)


def test_a_manifest_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.yaml: cannot be read"):
        load_manifest(tmp_path / "absent.yaml")


def test_a_hub_source_can_be_served_by_a_mirror():
    source = HubSource(kind="hub", repo="Ultralytics/YOLO11", path="yolo11n-seg.pt")
    mirrored = source.url("https://mirror.example/")
    assert mirrored == "https://mirror.example/Ultralytics/YOLO11/resolve/main/yolo11n-seg.pt"
