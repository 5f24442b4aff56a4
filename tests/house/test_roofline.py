"""The counter of benchmarks/roofline.py, on graphs whose work is known."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper


@pytest.fixture(scope="module")
def roofline():
    path = Path(__file__).parents[2] / "benchmarks/roofline.py"
    spec = importlib.util.spec_from_file_location("roofline", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["roofline"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["roofline"]


@pytest.fixture
def graph(tmp_path):
    """Writes a graph of one layer with weights."""

    def graph(kind, given, weights, out, **attributes):
        graph = helper.make_graph(
            [helper.make_node(kind, ["x", "w"], ["y"], **attributes)],
            "one",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, given)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)],
            [numpy_helper.from_array(np.ones(weights, np.float32), "w")],
        )
        path = tmp_path / "one.onnx"
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        onnx.save(model, path)
        return path

    return graph


LAYERS = [
    ("Conv", [1, 3, 8, 8], [16, 3, 3, 3], [1, 16, 6, 6], {}, 16 * 36 * 27),
    ("Conv", [1, 8, 8, 8], [8, 1, 3, 3], [1, 8, 6, 6], {"group": 8}, 8 * 36 * 9),
    ("ConvTranspose", [1, 4, 5, 5], [4, 2, 2, 2], [1, 2, 10, 10], {"strides": [2, 2]}, 100 * 8),
    ("MatMul", [1, 7, 32], [32, 10], [1, 7, 10], {}, 7 * 32 * 10),
]


@pytest.mark.parametrize(("kind", "given", "weights", "out", "attributes", "products"), LAYERS)
def test_a_layer_makes_two_operations_for_each_product_and_moves_what_it_reads_and_writes(
    roofline, graph, kind, given, weights, out, attributes, products
):
    work = roofline.work_of(graph(kind, given, weights, out, **attributes), {"x": given})
    moved = 4 * sum(int(np.prod(shape)) for shape in (given, weights, out))
    assert (work.operations, work.uncounted) == (2 * products, 0)
    assert work.layers[0].moved_bytes == moved
    assert 0 <= work.moved_bytes - moved <= 64  # a shape that weights are given


def test_of_a_table_only_rows_are_read(roofline, tmp_path):
    nodes = [
        helper.make_node("Gather", ["table", "x"], ["rows"]),
        helper.make_node("MatMul", ["rows", "w"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "text",
        [helper.make_tensor_value_info("x", TensorProto.INT64, [5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [5, 2])],
        [
            numpy_helper.from_array(np.ones((1000, 4), np.float32), "table"),
            numpy_helper.from_array(np.ones((4, 2), np.float32), "w"),
        ],
    )
    path = tmp_path / "text.onnx"
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path
    )
    work = roofline.work_of(path, {"x": [5]})
    assert work.operations == 2 * 5 * 4 * 2
    assert work.moved_bytes == 5 * 8 + 5 * 2 * 4 + 4 * 2 * 4


def test_a_bound_is_what_takes_longer_and_a_layer_by_itself_no_less(roofline):
    layers = tuple(roofline.Layer(operations=1000, moved_bytes=80) for _ in range(2))
    work = roofline.Work(layers=layers, moved_bytes=100)
    assert work.bound_s(1000.0, 1000.0) == 2.0
    assert work.bound_s(1000.0, 10.0) == 10.0
    assert work.layered_s(1000.0, 10.0) == 16.0


def test_the_networks_of_the_manifest_have_the_work_their_makers_state(roofline, store, need_model):
    """YOLO11n: 6.5 billion operations at 640x640 (Ultralytics), a quarter of it at 320x320."""
    need_model("yolo11n-persons-320x320")
    path = store.path("yolo11n-persons-320x320")
    work = roofline.work_of(path, {"frame": [1, 720, 1280, 3]})
    assert work.operations / 1e9 == pytest.approx(6.5 / 4, rel=0.02)
