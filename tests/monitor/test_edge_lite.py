"""The profile whose graphs every runtime reads: it says what `embedded` says."""

import pytest

from engines.config import HOLISTIC_MODELS
from engines.models.manifest import shipped_manifest
from stream.profile import load_profile

CLIP = "gestures/asl_gestures_help.mkv"
OF_THE_RUN = {"id", "session", "at", "latency_ms", "age_ms", "model"}
TOLERANCE = 1e-3  # of probabilities and of a valence in -1..1; in the same runtime
# a point that lies 1e-4 px elsewhere changes single bytes of a crop; .0013 was seen
OF_ANOTHER_RUNTIME = 0.02


@pytest.fixture
def readings(run_monitor, need_model, media):
    for name in shipped_manifest().group("edge-lite"):
        need_model(name)

    def read(profile, backend="openvino"):
        runtime = f"perception.runtime.backend={backend}"
        run = run_monitor(media / CLIP, "--profile", profile, "--set", runtime)
        assert run.code == 0
        return run.readings

    return read


def same(one, other, *, tolerance=TOLERANCE, path=""):
    """Compare what two runs say, whatever they call themselves and whenever they said it."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one.keys() - OF_THE_RUN:
            same(one[key], other[key], tolerance=tolerance, path=f"{path}.{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), path
        for place, (each, its) in enumerate(zip(one, other, strict=True)):
            same(each, its, tolerance=tolerance, path=f"{path}[{place}]")
    elif isinstance(one, float) and isinstance(other, float):
        assert one == pytest.approx(other, abs=tolerance), path
    else:
        assert one == other, path


def test_edge_lite_reads_what_embedded_reads_and_in_another_runtime_by_one_key(readings):
    embedded, lite = readings("embedded"), readings("edge-lite")
    assert len(embedded) == len(lite) > 2
    assert all(reading["surface"] and reading["fused"] for reading in lite)
    same(embedded, lite)
    same(lite, readings("edge-lite", "onnxruntime"), tolerance=OF_ANOTHER_RUNTIME)


def test_what_edge_lite_names_is_onnx_and_needs_no_hub():
    models = shipped_manifest().models
    profile = load_profile("edge-lite")
    names = profile.perception.models()
    assert {f"{name}-onnx" for name in HOLISTIC_MODELS} <= set(names)
    assert {models[name].file.rpartition(".")[2] for name in names} == {"onnx"}
    assert set(names) <= set(shipped_manifest().group("edge-lite"))
