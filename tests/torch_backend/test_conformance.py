"""ONNX's own test cases, of every operator that the backend has."""

import warnings

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

from engines.backends.torch_backend import TorchEngine
from engines.backends.torch_graph.ops.table import OPS, OPSETS
from engines.errors import EngineError

# what is refused, and nobody has asked for; whoever does reads it in the error
REFUSED = (
    "select_last_index",
    "storage_order",
    "training_mode",
    "batch_dims",
    "block_size",
    "dilations",
    "auto_pad SAME",
    "output_shape",
    "reduction m",
    "mode cubic",
    "antialias 1",
    "policy not_",
    "tf_crop_and_resize",
    "follows from what the inputs hold",
    "an input or output of type",
    "elements of type",
    "does not compute this output",
    "does not have its round_mode",
    "_dropout() takes",
    "to have non-zero size",
    "Unrecognized attribute",  # of an opset that is newer
    "No Op registered",
)


def cases():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = collect_testcases(None)
    for case in found:
        nodes = case.model.graph.node
        if {node.op_type for node in nodes} <= {*OPS, "Constant"} and all(
            not node.domain for node in nodes
        ):
            yield case


def prepared(model, arrays):
    """Return the model in an opset that is read, numbers that say shapes fixed, and the rest."""
    for stated in model.opset_import:
        stated.version = min(max(stated.version, OPSETS[0]), OPSETS[-1])
    model.ir_version = min(model.ir_version, 10)
    names = [value.name for value in model.graph.input]
    fixed = {
        name
        for node in model.graph.node
        for place, name in enumerate(node.input)
        if name in names and (OPS[node.op_type].known_only or place in OPS[node.op_type].numbers)
    }
    given = dict(zip(names, map(as_array, arrays), strict=False))
    for name in fixed:
        model.graph.initializer.append(numpy_helper.from_array(given[name], name))
        model.graph.input.remove(next(v for v in model.graph.input if v.name == name))
    return model, {name: array for name, array in given.items() if name not in fixed}


def as_array(value):
    return numpy_helper.to_array(value) if hasattr(value, "raw_data") else np.asarray(value)


def outcome(case, path):
    """Return what came of a case: agrees, or why it is refused."""
    arrays, wanted = case.data_sets[0]
    model, batch = prepared(case.model, arrays)
    onnx.save(model, path)
    try:
        with TorchEngine(path, device="cpu") as engine:
            found = engine.run(batch)
    except EngineError as error:
        return str(error)
    for ours, theirs in zip(found.values(), map(as_array, wanted), strict=True):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape), case.name
        half = theirs.dtype == np.float16
        np.testing.assert_allclose(
            ours.astype(np.float64),
            theirs.astype(np.float64),
            rtol=max(case.rtol, 2e-3 if half else 1e-5),
            atol=max(case.atol, 1e-3 if half else 1e-5),
            err_msg=case.name,
        )
    return "agrees"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    path = tmp_path_factory.mktemp("cases") / "case.onnx"
    found = {}
    for case in cases():
        operators = {node.op_type for node in case.model.graph.node}
        found[case.name] = operators, outcome(case, path)
    return found


def test_a_case_of_onnx_agrees_or_is_refused_by_what_it_asks_for(outcomes):
    for name, (_, told) in outcomes.items():
        assert told == "agrees" or any(reason in told for reason in REFUSED), (name, told)
        assert "\n" not in told
    assert sum(told == "agrees" for _, told in outcomes.values()) > 500


def test_every_operator_agrees_with_some_case_of_onnx(outcomes):
    agreed = set().union(*(ops for ops, told in outcomes.values() if told == "agrees"))
    assert set(OPS) - agreed == set()
