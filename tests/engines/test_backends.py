import sys
from importlib.util import find_spec

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.errors import EngineError
from engines.spec.tensors import SpecMismatchError

# torch is in .venv-build: there tests/house/test_torch_modules.py has it asked the same
BACKENDS = [name for name in ("openvino", "onnxruntime", "torch") if find_spec(name)]
DETECTOR = "yolo11n-persons-320x320"


@pytest.fixture
def two_outputs(tmp_path):
    """A graph x [2 3] -> doubled [2 3], negated [2 3]: two outputs of the same shape."""
    x, *outputs = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3])
        for name in ("x", "doubled", "negated")
    )
    nodes = [helper.make_node("Add", ["x", "x"], ["doubled"])]
    nodes.append(helper.make_node("Neg", ["x"], ["negated"]))
    graph = helper.make_graph(nodes, "two", [x], outputs)
    path = tmp_path / "two.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


@pytest.fixture(params=BACKENDS)
def opened(request):
    """Open a graph with each backend in turn."""

    def open_(path, **kwargs):
        return open_engine(path, RuntimeConfig(backend=request.param), **kwargs)

    return open_


def test_outputs_of_the_same_shape_are_told_apart_by_name(two_outputs, opened):
    x = np.arange(6, dtype=np.float32).reshape(2, 3)

    with opened(two_outputs) as engine:
        out = engine.run({"x": x})

    assert [tensor.name for tensor in engine.spec.outputs] == ["doubled", "negated"]
    assert (out["doubled"] == 2 * x).all()
    assert (out["negated"] == -x).all()


def test_only_the_outputs_asked_for_are_kept_in_the_order_asked(two_outputs, opened):
    with opened(two_outputs, outputs=("negated",)) as engine:
        assert list(engine.run({"x": np.ones((2, 3), np.float32)})) == ["negated"]
    with opened(two_outputs, outputs=("negated", "doubled")) as engine:
        assert [tensor.name for tensor in engine.spec.outputs] == ["negated", "doubled"]


def test_an_unknown_output_is_refused_with_those_there_are(two_outputs, opened):
    with pytest.raises(EngineError, match=r"two\.onnx: .*'heatmap', but doubled, negated"):
        opened(two_outputs, outputs=("heatmap",))


def test_tflite_outputs_have_stable_names_and_can_be_chosen(store):
    path = store.path("hand-landmark-full")
    with (
        open_engine(path, RuntimeConfig()) as every,
        open_engine(path, RuntimeConfig(), outputs=("Identity_1", "Identity")) as two,
    ):
        batch = {"input_1": np.full((1, 224, 224, 3), 0.5, np.float32)}
        full, part = every.run(batch), two.run(batch)

    assert [tensor.shape for tensor in every.spec.outputs] == [(1, 63), (1, 1), (1, 1), (1, 63)]
    assert list(full) == ["Identity", "Identity_1", "Identity_2", "Identity_3"]
    assert list(part) == ["Identity_1", "Identity"]
    assert np.allclose(part["Identity"], full["Identity"])
    assert not np.allclose(full["Identity"], full["Identity_3"])


@pytest.mark.parametrize(
    "view",
    [
        lambda block: block[:, ::2],  # gaps
        lambda block: block[:, 2::-1],  # backwards
        lambda block: np.asfortranarray(block[:, :3]),
    ],
    ids=["gaps", "backwards", "columns first"],
)
def test_a_view_gives_what_its_copy_gives(two_outputs, opened, view):
    x = view(np.arange(12, dtype=np.float32).reshape(2, 6)[:, :5])

    with opened(two_outputs) as engine:
        out = engine.run({"x": x})

    assert not x.flags.c_contiguous
    assert (out["negated"] == -x.copy()).all()


def test_a_read_only_frame_is_accepted(two_outputs, opened):
    x = np.ones((2, 3), np.float32)
    x.setflags(write=False)

    with opened(two_outputs) as engine:
        assert (engine.run({"x": x})["negated"] == -1).all()


def test_a_later_run_leaves_earlier_outputs_alone(two_outputs, opened):
    with opened(two_outputs) as engine:
        first = engine.run({"x": np.full((2, 3), 1, np.float32)})
        engine.run({"x": np.full((2, 3), 5, np.float32)})

    assert (first["doubled"] == 2).all()
    assert first["doubled"].flags.writeable


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({}, r"'x' is missing"),
        ({"x": np.zeros((2, 3))}, r"'x': expected float32\[2, 3\], got float64\[2, 3\]"),
        ({"x": np.zeros((3, 2), np.float32)}, r"got float32\[3, 2\]"),
    ],
    ids=["missing", "dtype", "shape"],
)
def test_a_batch_that_breaks_the_contract_is_refused(two_outputs, opened, batch, message):
    with opened(two_outputs) as engine, pytest.raises(SpecMismatchError, match=message):
        engine.run(batch)


def test_a_missing_graph_is_one_line_that_names_the_remedy(tmp_path, opened):
    with pytest.raises(EngineError, match=r"no\.onnx: .*`subface models pull`") as caught:
        opened(tmp_path / "no.onnx")

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_a_truncated_graph_is_one_line_that_names_the_file(tmp_path, two_outputs, opened, share):
    whole = two_outputs.read_bytes()
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(EngineError, match=r"broken\.onnx: .* cannot read this graph") as caught:
        opened(broken)

    assert "\n" not in str(caught.value)


def test_a_truncated_tflite_is_one_line_that_names_the_file(tmp_path, store):
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(store.path("face-mesh").read_bytes()[:100_000])

    with pytest.raises(EngineError, match=r"broken\.tflite: .*corrupted") as caught:
        open_engine(broken, RuntimeConfig())

    assert "\n" not in str(caught.value)


def test_onnxruntime_says_that_it_reads_no_tflite(store):
    with pytest.raises(EngineError, match=r"reads \.onnx files only; backend openvino"):
        open_engine(store.path("face-mesh"), RuntimeConfig(backend="onnxruntime"))


def test_a_runtime_that_is_not_installed_is_named(monkeypatch, two_outputs):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "engines.backends.onnxruntime_backend", raising=False)

    with pytest.raises(EngineError, match=r"onnxruntime is not installed; `pip install"):
        open_engine(two_outputs, RuntimeConfig(backend="onnxruntime"))
