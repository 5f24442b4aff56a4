import json

import openvino
import pytest

from engines.errors import ConfigError
from engines.models.store import ModelStore
from engines.variants import choose
from stream.commands.calibrate import CalibrateOptions, calibrate


@pytest.fixture
def own_cache(store, tmp_path, monkeypatch):
    """A cache with the models and no variants."""
    root = tmp_path / "cache"
    root.mkdir()
    (root / "models").symlink_to(store.root / "models")
    monkeypatch.setenv("SUBFACE_CACHE", str(root))
    return root


def options(sources, **changed):
    return CalibrateOptions(
        **{
            "precision": "bf16",
            "sources": [str(one) for one in sources],
            "profile": "embedded",
            "overrides": [],
            "models": [],
            "inputs": 24,
            "for_s": None,
            "limits": None,
            "keep_pictures": None,
            "report": None,
        }
        | changed
    )


def test_bf16_is_refused_for_landmarks_and_what_it_admits_is_used(media, own_cache, tmp_path):
    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bf16")
    clip = media / "gestures" / "asl_gestures_help.mkv"

    assert calibrate(options([clip], report=tmp_path / "report")) == 0

    report = json.loads((tmp_path / "report" / "report.json").read_text())
    admitted = {one["name"]: one["verdict"]["admitted"] for one in report}
    assert not admitted["pose-landmark-full"]
    assert not admitted["hand-landmark-full"]
    assert admitted["starter-face"]
    assert (
        "| pose-landmark-full | bf16 | refused: keeps f32 |"
        in (tmp_path / "report" / "report.md").read_text()
    )
    assert (tmp_path / "report" / "pose-landmark-full-bf16.png").is_file()
    models = ModelStore()
    used = {
        name: choose(models.path(name), "int8", backend="openvino").precision
        for name in ("starter-face", "pose-landmark-full")
    }
    assert used == {"starter-face": "bf16", "pose-landmark-full": "f32"}


def test_pictures_are_kept_only_where_somebody_asks(media, own_cache, tmp_path):
    clip = media / "faces" / "single_face.mp4"
    asked = options(
        [clip],
        models=["starter-face"],
        overrides=["perception.keypoints.model=null"],
        inputs=16,
        keep_pictures=tmp_path / "kept",
    )

    assert calibrate(asked) == 0

    assert {folder.name for folder in (tmp_path / "kept").iterdir()} == {"starter-face"}
    assert 8 <= len(list((tmp_path / "kept" / "starter-face").iterdir())) <= 16


def test_a_network_that_the_profile_has_not_is_named(media, own_cache):
    clip = media / "faces" / "single_face.mp4"

    with pytest.raises(ConfigError, match="has no 'yolo', but yolo11n-persons-320x320"):
        calibrate(options([clip], models=["yolo"]))


def test_a_source_without_an_end_needs_a_duration(own_cache):
    with pytest.raises(ConfigError, match="--for SECONDS"):
        calibrate(options(["rtsp://127.0.0.1:1/live"]))
