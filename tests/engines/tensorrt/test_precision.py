"""What the engine inspector tells, in the forms that NVIDIA's documentation and tools show."""

import json

import pytest

from engines.backends.tensorrt_precision import (
    BuiltLayer,
    DeclaredLayer,
    built_layers,
    require_precision,
)
from engines.errors import EngineError

HALF = DeclaredLayer(name="/conv/Conv", types=frozenset({"fp16"}))
MORE = DeclaredLayer(name="/head/MatMul", types=frozenset({"fp16"}))
SINGLE = DeclaredLayer(name="/box/MatMul", types=frozenset({"f32"}))
EIGHT = DeclaredLayer(name="/conv/Conv", types=frozenset({"int8", "f32"}))


def tensor(words, key="Format/Datatype"):
    return {"Name": "t", "Location": "Device", "Dimensions": [1, 3], key: words}


def information(*layers):
    return json.dumps({"Layers": list(layers), "Bindings": ["frame", "boxes"]})


TEN = "Channel major FP16 format where channel % 4 == 0"
TOLD = [
    ({"Inputs": [tensor(TEN)], "Outputs": [tensor("Row major linear FP16 format")]}, {"fp16"}),
    ({"Inputs": [tensor("Half")], "Outputs": [tensor("Float")]}, {"fp16", "f32"}),
    ({"Inputs": [tensor("Row major linear FP32")], "Outputs": []}, {"f32"}),
    ({"Inputs": [tensor("Int8"), tensor("Int32")], "Outputs": [tensor("BF16")]}, {"int8", "bf16"}),
    ({"Inputs": [tensor("FP16", "DataType") | {"Format": "kLINEAR"}], "Outputs": []}, {"fp16"}),
    ({"Inputs": [tensor("Half", "Datatype")], "Outputs": []}, {"fp16"}),
    ({}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("told", "types"), TOLD)
def test_types_are_read_off_every_form_of_the_inspectors_word(told, types):
    (layer,) = built_layers(information({"Name": "/conv/Conv", "LayerType": "gemm"} | told))

    assert layer.types == types


def test_the_nodes_of_a_fused_layer_are_told_by_its_metadata():
    fused = {
        "Name": "__myl_ConvReluAdd",
        "Metadata": "[ONNX Layer: /conv/Conv]\x1e[ONNX Layer: /relu/Relu]",
    }
    (layer,) = built_layers(information(fused))

    assert layer.nodes == {"/conv/Conv", "/relu/Relu"}


def test_without_metadata_they_are_told_by_its_name():
    (layer,) = built_layers(information({"Name": "/conv/Conv + /relu/Relu"}))

    assert layer.nodes == {"/conv/Conv", "/relu/Relu"}


def test_an_engine_built_without_details_tells_names_alone():
    (layer,) = built_layers(information("/conv/Conv + /relu/Relu"))

    assert layer == BuiltLayer(
        name="/conv/Conv + /relu/Relu",
        nodes=frozenset({"/conv/Conv", "/relu/Relu"}),
        types=frozenset(),
    )


@pytest.mark.parametrize("text", ["", "Layer(Myelin): {ForeignNode}", "[]", "{}"])
def test_what_is_no_such_text_is_refused(text):
    with pytest.raises(EngineError, match="engine inspector"):
        built_layers(text)


def built(*nodes, types):
    return BuiltLayer(name=nodes[0], nodes=frozenset(nodes), types=frozenset(types))


def test_half_asked_and_half_built_is_well():
    layers = [built("/conv/Conv", types={"fp16"}), built("/head/MatMul", types={"fp16", "f32"})]

    assert require_precision("yolo", [HALF, MORE, SINGLE], layers, "fp16") == 2


def test_half_asked_and_single_built_is_an_error_that_names_the_layers():
    layers = [built("/conv/Conv", types={"f32"}), built("/head/MatMul", types={"fp16"})]

    with pytest.raises(EngineError, match=r"yolo: asked for fp16.*in f32.*: /conv/Conv$"):
        require_precision("yolo", [HALF, MORE], layers, "fp16")


def test_many_such_layers_are_counted():
    declared = [DeclaredLayer(name=f"/conv{k}/Conv", types=frozenset({"fp16"})) for k in range(9)]
    layers = [built(layer.name, types={"f32"}) for layer in declared]

    with pytest.raises(EngineError, match="/conv4/Conv and 4 more"):
        require_precision("yolo", declared, layers, "fp16")


def test_what_the_graph_has_in_single_may_be_built_so():
    layers = [built("/conv/Conv", types={"fp16"}), built("/box/MatMul", types={"f32"})]

    assert require_precision("yolo", [HALF, SINGLE], layers, "fp16") == 1


def test_eight_bits_that_were_built_in_single_are_an_error():
    with pytest.raises(EngineError, match="asked for int8"):
        require_precision("yolo", [EIGHT], [built("/conv/Conv", types={"f32"})], "int8")


def test_half_asked_of_a_graph_that_has_none_is_an_error():
    with pytest.raises(EngineError, match="asked for fp16, and no layer of the graph"):
        require_precision("yolo", [SINGLE], [], "fp16")


def test_an_inspector_that_tells_no_types_has_found_nothing():
    assert require_precision("yolo", [HALF], [built("/conv/Conv", types=())], "fp16") == 0


def test_single_asked_and_built_is_well():
    assert require_precision("yolo", [SINGLE], [built("/box/MatMul", types={"f32"})], "f32") == 0
