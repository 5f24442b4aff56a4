import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from calibration.quantize.limits import load_limits
from calibration.quantize.samples import Sample, Samples

SIDE_PX = 16


@pytest.fixture(scope="session")
def limits():
    return load_limits()


@pytest.fixture(scope="session")
def many_headed(tmp_path_factory):
    """A small network over 16x16 pictures that ends in boxes, points, a vector and classes.

    Its weights are drawn, so it knows nothing; but int8 changes it as it changes others.
    """
    rng = np.random.default_rng(3)
    weights, nodes = [], []

    def held(name, array):
        weights.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
        return name

    def node(kind, inputs, out, **attributes):
        nodes.append(helper.make_node(kind, inputs, [out], name=out, **attributes))
        return out

    def shaped(name, inner, shape):
        weights.append(numpy_helper.from_array(np.array(shape), f"{name}_shape"))
        return node("Reshape", [inner, f"{name}_shape"], name)

    def drawn(name, *shape):
        return held(name, rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:])))

    last = "picture"
    for k, (wide, came) in enumerate([(16, 3), (32, 16)]):
        kernel = drawn(f"w{k}", wide, came, 3, 3)
        last = node("Conv", [last, kernel], f"c{k}", pads=[1, 1, 1, 1], strides=[2, 2])
        last = node("Relu", [last], f"r{k}")
    flat = shaped("flat", last, [1, 512])

    def head(name, width):
        return node("Gemm", [flat, drawn(f"w_{name}", width, 512)], f"{name}_raw", transB=1)

    node("Identity", [head("embedding", 32)], "embedding")
    node("Softmax", [head("classes", 7)], "probabilities", axis=1)
    place = held("place", 100 * np.tile([[0, 0], [1, 0], [1, 1], [0, 1]], (16, 1)).ravel()[:63])
    node("Add", [node("Mul", [head("points", 63), held("ten", 10.0)], "moved"), place], "landmarks")
    there = node("Mul", [head("presence", 1), held("zero", 0.0)], "nothing")
    node("Add", [there, held("one", 1.0)], "presence")
    corners = np.tile([0, 0, 40, 40], (100, 1)) + 60 * np.arange(100)[:, None]
    offsets = node("Mul", [shaped("offsets", head("offsets", 400), [100, 4]), "ten"], "wide")
    node("Add", [offsets, held("corners", corners)], "boxes")
    node("Sigmoid", [shaped("logits", head("scores", 100), [100])], "scores")

    sizes = {"embedding": [1, 32], "probabilities": [1, 7], "landmarks": [1, 63]}
    sizes |= {"presence": [1, 1], "boxes": [100, 4], "scores": [100]}
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in sizes.items()]
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX])
    graph = helper.make_graph(nodes, "many", [picture], outputs, weights)
    path = tmp_path_factory.mktemp("many") / "many.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    return path


@pytest.fixture(scope="session")
def written(tmp_path_factory, many_headed):
    """Return the samples of a network whose calibration inputs are so wide."""

    def make(name, outputs=None, *, width=1.0, calibration=16, held_out=12):
        rng = np.random.default_rng(5)
        folder = tmp_path_factory.mktemp(name)

        def sample(k, scale):
            picture = rng.normal(size=(1, 3, SIDE_PX, SIDE_PX)).astype(np.float32) * scale
            file = folder / f"{k:03d}.npz"
            np.savez(file, picture=picture.astype(np.float32))
            return Sample(file=file, source="drawn", time_s=float(k))

        return Samples(
            name=name,
            path=many_headed,
            outputs=outputs,
            calibration=tuple(sample(k, width) for k in range(calibration)),
            held_out=tuple(sample(100 + k, 1.0) for k in range(held_out)),
        )

    return make
