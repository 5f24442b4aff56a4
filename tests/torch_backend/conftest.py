"""Tests of the torch backend: they run where torch is, in .venv-build.

    PYTHONPATH=. .venv-build/bin/python -m pytest -c tests/torch_backend/pytest.ini \
        --rootdir . tests/torch_backend

``make test`` does so too (tests/house/test_torch_modules.py).
"""

import importlib.util
from importlib.util import find_spec
from pathlib import Path

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]

if find_spec("torch"):
    import onnx
    import pytest
    from onnx import TensorProto, helper, numpy_helper

    from engines.backends.torch_backend import TorchEngine
    from engines.backends.torch_graph.cuda_graphs import CudaGraphs

    @pytest.fixture(scope="session")
    def emulated():
        """The module of the card that is none."""
        place = Path(__file__).parents[1] / "reference" / "emulated_card.py"
        spec = importlib.util.spec_from_file_location("emulated_card", place)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    @pytest.fixture
    def save_graph(tmp_path):
        """Write a graph of nodes over inputs and outputs by (name, element type, shape)."""

        def save(nodes, inputs, outputs, constants=None, opset=17):
            graph = helper.make_graph(
                nodes,
                "small",
                [helper.make_tensor_value_info(*described) for described in inputs],
                [helper.make_tensor_value_info(*described) for described in outputs],
                [numpy_helper.from_array(a, name) for name, a in (constants or {}).items()],
            )
            path = tmp_path / "small.onnx"
            made = helper.make_model(
                graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9
            )
            onnx.save(made, path)
            return path

        return save

    @pytest.fixture
    def halves(save_graph):
        """x [B 4] -> the mean of its rows' halves, by a shape that is computed: [B 2]."""
        node = helper.make_node
        nodes = [
            node("Shape", ["x"], ["shape"]),
            node("Gather", ["shape", "first"], ["rows"]),
            node("Concat", ["rows", "two_two"], ["wanted"], axis=0),
            node("Reshape", ["x", "wanted"], ["halves"]),
            node("ReduceMean", ["halves"], ["means"], axes=[2], keepdims=0),
        ]
        constants = {
            "first": onnx.numpy_helper.to_array(
                helper.make_tensor("i", TensorProto.INT64, [1], [0])
            ),
            "two_two": onnx.numpy_helper.to_array(
                helper.make_tensor("i", TensorProto.INT64, [2], [2, 2])
            ),
        }
        return save_graph(
            nodes,
            [("x", TensorProto.FLOAT, ["B", 4])],
            [("means", TensorProto.FLOAT, ["B", 2])],
            constants,
        )

    @pytest.fixture
    def on_emulated_card(emulated):
        """Open a graph on the card that is none; what it captured is in the second."""

        def open_(path, capacity=8, error=None):
            cuda = emulated.EmulatedCuda(error)
            engine = TorchEngine(path, device="cpu")
            graphs = CudaGraphs(path.stem, None, capacity=capacity, cuda=cuda)
            engine._card = emulated.EmulatedCard(graphs)
            return engine, cuda

        return open_
