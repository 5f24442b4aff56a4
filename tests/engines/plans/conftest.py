"""A graph that is compiled in no time, its stored plan, and a guard on what reaches the runtime."""

import shutil

import numpy as np
import onnx
import openvino
import pytest
from onnx import TensorProto, helper

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.plans.builder import PlanBuilder
from engines.plans.store import PlanStore

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def write_graph(path, operator="Neg"):
    """Write a graph x [2 3] -> y [2 3]."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in "xy")
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"])], "one", [x], [y])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


class Shelf:
    """A store with the plan of one graph, as `subface engines build` leaves it."""

    def __init__(self, root):
        self.root = root
        self.plans = PlanStore(root)
        self.graph = root / "negated.onnx"
        (self.entry,) = self.plans.entries()
        self.whole = self.plan.read_bytes()

    @property
    def plan(self):
        return self.plans.plan_path(self.entry.digest)

    @property
    def sidecar(self):
        return self.plans.sidecar_path(self.entry.digest)

    @property
    def identity(self):
        return self.entry.sidecar.identity

    @property
    def another(self):
        """A store with the plan of another graph."""
        return PlanStore(self.root / "another")

    def runs(self):
        """Return what a live run computes."""
        with open_engine(self.graph, RuntimeConfig(), plans=self.plans) as engine:
            return engine.run({"x": X})["y"]


@pytest.fixture(scope="session")
def built_shelf(tmp_path_factory):
    root = tmp_path_factory.mktemp("shelf")
    for folder, name, operator in ((root, "negated", "Neg"), (root / "another", "absolute", "Abs")):
        folder.mkdir(exist_ok=True)
        graph = write_graph(folder / f"{name}.onnx", operator)
        builder = PlanBuilder(PlanStore(folder), built=lambda _: None)
        open_engine(graph, RuntimeConfig(), plans=builder).__exit__(None, None, None)
    return root


@pytest.fixture
def shelf(built_shelf, tmp_path):
    shutil.copytree(built_shelf, tmp_path / "cache")
    return Shelf(tmp_path / "cache")


@pytest.fixture
def imported(monkeypatch):
    """Return everything that was handed to OpenVINO as a compiled model."""
    given = []
    real = openvino.Core.import_model

    def watched(core, stream, *arguments):
        given.append(bytes(stream))
        return real(core, stream, *arguments)

    monkeypatch.setattr(openvino.Core, "import_model", watched)
    return given
