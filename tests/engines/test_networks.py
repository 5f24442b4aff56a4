import pytest

from engines.backends import open_engine
from engines.config import DetectorConfig, FaceConfig, PerceptionConfig
from engines.errors import EngineError, ModelMissingError
from engines.models.store import ModelStore
from engines.perception.networks import open_networks


@pytest.fixture
def opener(fake_engine):
    """Opens the real engines and remembers them under their names."""

    class Opener:
        def __init__(self):
            self.engines = {}

        def __call__(self, name, path, *, outputs=None):
            real = open_engine(path, PerceptionConfig().runtime, outputs=outputs)
            return self.engines.setdefault(name, fake_engine(real.spec, real.run))

    return Opener()


def test_engines_are_opened_under_the_models_names_and_closed_on_leaving(store, opener):
    config = PerceptionConfig()

    with open_networks(config, store, opener):
        assert set(opener.engines) == {
            config.detector.model,
            config.face.detector,
            config.face.mesh,
            config.expression.model,
            config.identity.model,
        }
        assert all(engine.is_open for engine in opener.engines.values())
    assert not any(engine.is_open for engine in opener.engines.values())


def test_a_model_of_the_wrong_kind_is_refused_and_what_was_open_is_closed(store, opener):
    config = PerceptionConfig(face=FaceConfig(mesh="fer-expression"))

    with pytest.raises(EngineError, match=r"face mesh: .*expected the input input_1"):
        open_networks(config, store, opener)
    assert opener.engines
    assert not any(engine.is_open for engine in opener.engines.values())


def test_a_model_that_is_missing_is_named_before_anything_else_is_opened(tmp_path, opener):
    with pytest.raises(ModelMissingError, match="yolo11n-persons-192x320"):
        open_networks(
            PerceptionConfig(detector=DetectorConfig(model="yolo11n-persons-192x320")),
            ModelStore(tmp_path),
            opener,
        )
    assert not opener.engines
