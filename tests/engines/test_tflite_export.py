"""MediaPipe's networks as ONNX: tests/engines/parity holds their numbers; here are the refusals."""

import json
import subprocess

import onnx
import pytest

from engines.models.manifest import DerivedModel, shipped_manifest

CONVERTED = [
    name
    for name, model in shipped_manifest().models.items()
    if isinstance(model, DerivedModel) and model.recipe == "tflite"
]


@pytest.fixture
def export(python, need_build_python):
    program = need_build_python, "-m", "engines.build.tflite_export", "tflite"
    return lambda weights, out: python(*program, "--weights", weights, "--out", out)


def refusal(export, weights, out):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        export(weights, out)
    assert caught.value.returncode == 2
    (line,) = caught.value.stderr.splitlines()
    assert not list(out.parent.glob("*.onnx*"))
    return line


def test_seven_networks_are_converted():
    assert len(CONVERTED) == 7


@pytest.mark.parametrize("name", CONVERTED)
def test_a_converted_network_keeps_names_and_shapes(name, need_model):
    model, graph = shipped_manifest().model(name), onnx.load(need_model(name)).graph
    published = shipped_manifest().model(model.made_from)
    for tensors, found in ((published.input, graph.input), (published.output, graph.output)):
        assert [value.name for value in found] == [tensor.name for tensor in tensors]
        for tensor, value in zip(tensors, found, strict=True):
            shape = [axis.dim_value for axis in value.type.tensor_type.shape.dim]
            assert tuple(shape) == tensor.shape


@pytest.mark.parametrize("name", CONVERTED)
def test_pictures_are_turned_at_the_ends_and_nowhere_between(name, need_model):
    nodes = onnx.load(need_model(name)).graph.node
    turned = sum(node.op_type == "Transpose" for node in nodes)
    flattened = sum(node.op_type == "Reshape" for node in nodes)
    outputs = len(shipped_manifest().model(name).output)
    assert turned <= 1 + outputs + flattened


def test_the_conversion_says_what_it_made_from_what(export, need_model, tmp_path):
    weights = need_model("hand-recrop")
    export(weights, tmp_path / "out.onnx")
    says = json.loads((tmp_path / "out.onnx.json").read_text())
    assert says["recipe"] == "tflite"
    assert says["made_from_sha256"] == shipped_manifest().model("hand-recrop").sha256
    assert says["tools"].keys() == {"onnx", "tflite"}


def test_an_8_bit_network_is_refused_in_one_line(export, need_model, tmp_path):
    line = refusal(export, need_model("fer-expression"), tmp_path / "out.onnx")
    assert "constants in f32 and f16 are supported, not those of 8-bit networks" in line


def test_what_is_no_tflite_is_refused_in_one_line(export, need_model, tmp_path):
    line = refusal(export, need_model("minilm-l6-tokenizer"), tmp_path / "out.onnx")
    assert "expected a TensorFlow Lite file" in line


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_truncated_file_is_refused_in_one_line(export, need_model, tmp_path, share):
    whole = need_model("hand-recrop").read_bytes()
    short = tmp_path / "short.tflite"
    short.write_bytes(whole[: int(len(whole) * share)])
    assert "short.tflite: the file is damaged" in refusal(export, short, tmp_path / "out.onnx")
