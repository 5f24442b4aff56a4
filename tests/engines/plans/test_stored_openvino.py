"""What OpenVINO compiled, loaded again: the same names, the same contract, the same bits."""

import numpy as np
import pytest

from engines.backends import open_engine
from engines.backends.openvino_backend import OpenVinoEngine
from engines.config import RuntimeConfig
from engines.errors import ConfigError, EngineError
from engines.plans.builder import PlanBuilder, PlanCount
from engines.plans.store import PlanStore

X = np.arange(6, dtype=np.float32).reshape(2, 3)
FRAMES = ((360, 640), (720, 1280))  # a graph of varying axes serves both


def frames(height_px, width_px):
    return np.random.default_rng(1).integers(0, 256, (1, height_px, width_px, 3), np.uint8)


def faces(count):
    return np.random.default_rng(3).integers(0, 256, (count, 48, 48), np.uint8)


def floats(*shape):
    return np.random.default_rng(2).random(shape, np.float32)


def tokens(count):
    return {
        "input_ids": np.arange(1000, 1000 + count)[None],
        "attention_mask": np.ones((1, count), np.int64),
    }


NETWORKS = {
    "yolo11n-persons-320x320": (None, [{"frame": frames(*size)} for size in FRAMES]),
    "starter-face": (None, [{"face": faces(count)} for count in (1, 3)]),
    "face-mesh": (None, [{"input_1": floats(1, 192, 192, 3)}]),
    "hand-landmark-full": (("Identity_1", "Identity"), [{"input_1": floats(1, 224, 224, 3)}]),
    "minilm-l6": (None, [tokens(count) for count in (5, 33)]),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_stored_plan_gives_bit_for_bit_what_its_graph_gives(store, tmp_path, name):
    outputs, batches = NETWORKS[name]
    path, plans = store.path(name), PlanStore(tmp_path)
    built = []
    builder = PlanBuilder(plans, built=built.append)
    open_engine(path, RuntimeConfig(), outputs=outputs, plans=builder).__exit__(None, None, None)
    count = PlanCount(plans)
    with (
        OpenVinoEngine(path, outputs=outputs) as compiled,
        open_engine(path, RuntimeConfig(), outputs=outputs, plans=count) as loaded,
    ):
        assert len(built) == len(count.used) == 1
        assert loaded.spec == compiled.spec
        for batch in batches:
            ours, theirs = loaded.run(batch), compiled.run(batch)
            assert list(ours) == list(theirs)
            for key, value in theirs.items():
                assert np.array_equal(ours[key], value), key


@pytest.mark.parametrize(
    ("changed", "kept"),
    [({"threads": 2}, None), ({}, ("y",))],
    ids=["more threads", "named outputs"],
)
def test_a_plan_that_was_built_otherwise_is_not_used(shelf, imported, changed, kept):
    with open_engine(
        shelf.graph, RuntimeConfig(**changed), outputs=kept, plans=shelf.plans
    ) as engine:
        assert (engine.run({"x": X})["y"] == -X).all()
    assert imported == []


def test_a_graph_that_changed_has_no_plan_yet(shelf, imported):
    shelf.graph.write_bytes((shelf.root / "another" / "absolute.onnx").read_bytes())
    with open_engine(shelf.graph, RuntimeConfig(), plans=shelf.plans) as engine:
        assert (engine.run({"x": -X})["y"] == X).all()
    assert imported == []


def test_one_that_openvino_itself_does_not_load_is_left_aside_with_a_warning(shelf, caplog):
    # whole by its digest: as if OpenVINO had written what it cannot read
    shelf.plans.build(shelf.identity, lambda: b"no compiled model", "negated", anew=True)
    assert (shelf.runs() == -X).all()
    (said,) = caplog.records
    assert "OpenVINO does not load its stored plan" in said.getMessage()
    assert "`subface engines build --force`" in said.getMessage()


def test_a_run_stores_nothing_that_merely_saves_time(shelf, tmp_path):
    plans = PlanStore(tmp_path / "empty")
    with open_engine(shelf.graph, RuntimeConfig(), plans=plans):
        pass
    assert not plans.folder.exists()


def test_the_users_cache_is_where_plans_are_looked_for(shelf, imported, monkeypatch):
    monkeypatch.setenv("SUBFACE_CACHE", str(shelf.root))
    with open_engine(shelf.graph, RuntimeConfig()) as engine:
        engine.run({"x": X})
    assert imported == [shelf.whole]


def test_a_graph_that_is_broken_is_said_to_be_when_it_is_built(shelf):
    shelf.graph.write_bytes(shelf.graph.read_bytes()[:20])
    builder = PlanBuilder(shelf.plans, built=lambda _: None)
    with pytest.raises(EngineError, match=r"negated\.onnx: OpenVINO cannot read this graph"):
        open_engine(shelf.graph, RuntimeConfig(), plans=builder)


@pytest.mark.parametrize(
    ("backend", "device"),
    [("openvino", "cuda:0"), ("onnxruntime", "cuda:1"), ("tensorrt", "cpu")],
)
def test_a_device_that_a_runtime_has_none_of_is_refused_by_its_key(shelf, backend, device):
    runtime = RuntimeConfig(backend=backend, device=device)
    with pytest.raises(ConfigError, match=rf"perception\.runtime\.device: backend {backend} has"):
        open_engine(shelf.graph, runtime)
