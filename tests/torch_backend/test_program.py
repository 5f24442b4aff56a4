from itertools import pairwise

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from engines.backends.torch_backend import SHAPES, TorchEngine
from engines.backends.torch_graph import graph
from engines.backends.torch_graph.ops.op import Op
from engines.errors import EngineError

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def program_of(engine):
    (prepared,) = engine._prepared.values()
    return prepared.program


def test_a_program_holds_no_shape_arithmetic(halves):
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    with TorchEngine(halves, device="cpu") as engine:
        means = engine.run({"x": x})["means"]
        steps = len(program_of(engine))

    assert steps == 2  # Reshape and ReduceMean, and nothing of the three that say the shape
    assert (means == x.reshape(3, 2, 2).mean(2)).all()


def test_another_shape_gets_another_program_and_the_first_is_kept(halves):
    with TorchEngine(halves, device="cpu") as engine:
        for rows in (1, 5, 1):
            assert engine.run({"x": np.ones((rows, 4), np.float32)})["means"].shape == (rows, 2)
        assert len(engine._prepared) == 2


def test_so_many_shapes_are_kept_and_the_oldest_makes_room(halves):
    with TorchEngine(halves, device="cpu") as engine:
        for rows in range(1, SHAPES + 3):
            engine.run({"x": np.ones((rows, 4), np.float32)})
        kept = [shapes[0][0] for shapes in engine._prepared]

    assert kept == list(range(3, SHAPES + 3))


def test_what_only_other_outputs_need_is_not_computed(save_graph):
    node = helper.make_node
    nodes = [node("Neg", ["x"], ["minus"]), node("Exp", ["x"], ["raised"])]
    nodes.append(node("Abs", ["raised"], ["size"]))
    path = save_graph(nodes, [("x", FLOAT, [2])], [("minus", FLOAT, [2]), ("size", FLOAT, [2])])

    with TorchEngine(path, device="cpu", outputs=("minus",)) as engine:
        found = engine.run({"x": np.ones(2, np.float32)})
        assert list(found) == ["minus"]
        assert len(program_of(engine)) == 1


def test_constants_are_folded_when_the_graph_is_opened(save_graph):
    node = helper.make_node
    nodes = [
        node("DequantizeLinear", ["q", "scale"], ["weight"]),
        node("Transpose", ["weight"], ["turned"], perm=[1, 0]),
        node("MatMul", ["x", "turned"], ["y"]),
    ]
    constants = {
        "q": np.array([[1, -2], [3, 4]], np.int8),
        "scale": np.array(0.5, np.float32),
    }
    path = save_graph(nodes, [("x", FLOAT, [1, 2])], [("y", FLOAT, [1, 2])], constants)

    with TorchEngine(path, device="cpu") as engine:
        y = engine.run({"x": np.array([[2, 4]], np.float32)})["y"]
        assert len(engine._graph.nodes) == 1
        assert set(engine._graph.constants) == {"turned"}

    assert (y == [[1 - 4, 3 + 8]]).all()


def test_what_nobody_reads_any_more_is_freed(save_graph):
    node = helper.make_node
    names = ["x", *(f"step_{k}" for k in range(20)), "y"]
    nodes = [node("Abs", [a], [b]) for a, b in pairwise(names)]
    path = save_graph(nodes, [("x", FLOAT, [1000])], [("y", FLOAT, [1000])])

    with TorchEngine(path, device="cpu") as engine:
        engine.run({"x": np.ones(1000, np.float32)})
        program = program_of(engine)
        memory = program._memory

    freed = [place for step in program._steps for place in step.freed]
    assert len(freed) == len(set(freed)) == 21  # all but the last, the input too
    assert sum(isinstance(value, torch.Tensor) for value in memory) == 0


def test_an_operator_that_is_not_there_is_refused_by_name_when_the_graph_is_opened(save_graph):
    nodes = [helper.make_node("NonZero", ["x"], ["y"])]
    path = save_graph(nodes, [("x", FLOAT, [4])], [("y", INT64, [1, "N"])])

    with pytest.raises(EngineError, match=r"small\.onnx: backend torch does not have NonZero; "):
        TorchEngine(path, device="cpu")


def test_an_attribute_that_is_not_there_is_refused_when_the_graph_is_opened(
    save_graph, monkeypatch
):
    nodes = [helper.make_node("Softmax", ["x"], ["y"], name="last", axis=1)]
    path = save_graph(nodes, [("x", FLOAT, [1, 4])], [("y", FLOAT, [1, 4])])
    monkeypatch.setattr(graph, "OPS", {"Softmax": Op(torch.abs)})
    with pytest.raises(EngineError, match=r"Softmax last: backend torch does not have its axis"):
        TorchEngine(path, device="cpu")


def test_an_opset_that_is_not_there_is_refused(save_graph):
    nodes = [helper.make_node("Abs", ["x"], ["y"])]
    path = save_graph(nodes, [("x", FLOAT, [4])], [("y", FLOAT, [4])], opset=12)

    with pytest.raises(EngineError, match=r"opset 12, and backend torch has 13 to 21"):
        TorchEngine(path, device="cpu")


def test_a_shape_that_follows_from_what_an_input_holds_is_refused(save_graph):
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    path = save_graph(nodes, [("x", FLOAT, [4]), ("shape", INT64, [2])], [("y", FLOAT, ["H", "W"])])
    batch = {"x": np.ones(4, np.float32), "shape": np.array([2, 2])}

    with (
        pytest.raises(EngineError, match=r"Reshape y: 'shape' follows from what the inputs hold"),
        TorchEngine(path, device="cpu") as engine,
    ):
        engine.run(batch)


def test_an_output_may_be_an_input_or_a_constant_and_is_the_callers_all_the_same(save_graph):
    node = helper.make_node
    nodes = [node("Identity", ["x"], ["same"]), node("Identity", ["c"], ["fixed"])]
    nodes.append(node("Reshape", ["x", "flat"], ["flattened"]))
    path = save_graph(
        nodes,
        [("x", FLOAT, [2, 2])],
        [("same", FLOAT, [2, 2]), ("fixed", FLOAT, [2]), ("flattened", FLOAT, [4])],
        {"c": np.array([3, 4], np.float32), "flat": np.array([4])},
    )
    x = np.ones((2, 2), np.float32)

    with TorchEngine(path, device="cpu") as engine:
        first = engine.run({"x": x})
        for array in first.values():
            array[:] = 7
        again = engine.run({"x": x})

    assert (x == 1).all()
    assert (again["same"] == 1).all()
    assert (again["flattened"] == 1).all()
    assert (again["fixed"] == [3, 4]).all()


def test_int8_is_rounded_as_onnx_rounds(save_graph):
    node = helper.make_node
    nodes = [
        node("QuantizeLinear", ["x", "scale", "zero"], ["q"], axis=0),
        node("DequantizeLinear", ["q", "scale", "zero"], ["y"], axis=0),
    ]
    constants = {
        "scale": np.array([1, 0.5], np.float32),
        "zero": np.zeros(2, np.int8),
    }
    path = save_graph(nodes, [("x", FLOAT, [2, 4])], [("y", FLOAT, [2, 4])], constants)
    x = np.array([[0.5, 1.5, -2.5, 300], [0.2, 0.3, -100, 63.3]], np.float32)

    with TorchEngine(path, device="cpu") as engine:
        y = engine.run({"x": x})["y"]

    # halves to the even neighbour, and what lies beyond to the last step
    assert (y == [[0, 2, -2, 127], [0, 0.5, -64, 63.5]]).all()


def test_a_half_precision_graph_computes_in_half_precision(save_graph):
    node = helper.make_node
    nodes = [
        node("Cast", ["x"], ["half"], to=TensorProto.FLOAT16),
        node("Add", ["half", "small"], ["sum"]),
        node("Cast", ["sum"], ["y"], to=FLOAT),
    ]
    path = save_graph(
        nodes,
        [("x", FLOAT, [1])],
        [("y", FLOAT, [1])],
        {"small": np.array([1e-4], np.float16)},
    )

    with TorchEngine(path, device="cpu") as engine:
        y = engine.run({"x": np.ones(1, np.float32)})["y"]

    assert y.dtype == np.float32
    assert y == 1  # in f32 it would be 1.0001


def test_equals_keep_their_order(save_graph):
    path = save_graph(
        [helper.make_node("TopK", ["x", "k"], ["values", "places"])],
        [("x", FLOAT, [6])],
        [("values", FLOAT, [4]), ("places", INT64, [4])],
        {"k": np.array([4])},
    )

    with TorchEngine(path, device="cpu") as engine:
        found = engine.run({"x": np.array([1, 2, 1, 2, 2, 1], np.float32)})

    assert found["places"].tolist() == [1, 3, 4, 0]


def test_a_shared_weight_is_brought_to_the_device_once(save_graph):
    node = helper.make_node
    nodes = [node("MatMul", ["x", "w"], ["a"]), node("MatMul", ["a", "w"], ["y"])]
    path = save_graph(
        nodes,
        [("x", FLOAT, ["B", 2])],
        [("y", FLOAT, ["B", 2])],
        {"w": np.eye(2, dtype=np.float32)},
    )

    with TorchEngine(path, device="cpu") as engine:
        for rows in (1, 2):
            engine.run({"x": np.ones((rows, 2), np.float32)})
        held = {
            id(value)
            for prepared in engine._prepared.values()
            for value in prepared.program._memory
            if isinstance(value, torch.Tensor)
        }

    assert len(held) == 1


def test_a_graph_of_a_newer_opset_is_read(save_graph):
    path = save_graph(
        [helper.make_node("Gelu", ["x"], ["y"])], [("x", FLOAT, [3])], [("y", FLOAT, [3])], opset=20
    )
    assert onnx.load(path).opset_import[0].version == 20

    with TorchEngine(path, device="cpu") as engine:
        y = engine.run({"x": np.array([-1, 0, 1], np.float32)})["y"]

    assert np.allclose(y, [-0.158655, 0, 0.841345], atol=1e-5)
