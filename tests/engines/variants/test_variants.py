import json
import logging

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.errors import ConfigError, VariantError
from engines.models.store import sha256
from engines.variants import VariantRecord, VariantStore, Verdict, choose

INT8 = RuntimeConfig(backend="onnxruntime", precision="int8")


def scaled(path, factor):
    """Write a graph x [2] -> y [2] that multiplies: whoever computed y is told by it."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "xy")
    weight = numpy_helper.from_array(np.float32([factor, factor]), "factor")
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["y"])], "scaled", [x], [y], [weight]
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


@pytest.fixture
def graph(tmp_path):
    return scaled(tmp_path / "graph.onnx", 2.0)


@pytest.fixture
def put(graph, tmp_path, monkeypatch):
    """Keep a variant of the graph, as the gate would."""
    monkeypatch.setenv("SUBFACE_CACHE", str(tmp_path / "cache"))

    def keep(precision="int8", *, admitted=True, factor=3.0, backend="onnxruntime"):
        file = None
        if admitted and precision != "bf16":
            file = scaled(tmp_path / f"{precision}.onnx", factor)
        verdict = Verdict(
            admitted=admitted,
            why="cosine 0.9 < 0.99",
            samples=9,
            backend=backend,
            judged_with=backend,
        )
        record = VariantRecord(
            schema=1,
            name="doubling",
            graph=sha256(graph),
            precision=precision,
            sha256=None if file is None else sha256(file),
            size_bytes=None if file is None else file.stat().st_size,
            method="by hand",
            tools={},
            calibration=None,
            verdict=verdict,
        )
        VariantStore().put(record, file)
        return VariantStore().place(sha256(graph), precision)

    return keep


def computed(graph, runtime):
    with open_engine(graph, runtime) as engine:
        return float(engine.run({"x": np.float32([1, 1])})["y"][0])


def test_f32_is_the_graph_itself_whatever_else_there_is(graph, put):
    put()

    assert choose(graph, "f32", backend="openvino").path == graph


def test_an_admitted_int8_takes_the_place_of_the_graph(graph, put):
    place = put()

    chosen = choose(graph, "int8", backend="onnxruntime")

    assert (chosen.path, chosen.precision, chosen.hint) == (place, "int8", "f32")
    assert computed(graph, INT8) == 3.0
    assert computed(graph, RuntimeConfig(backend="onnxruntime")) == 2.0


def test_what_was_refused_keeps_f32_and_says_why(graph, put, caplog):
    put(admitted=False)

    with caplog.at_level(logging.INFO):
        chosen = choose(graph, "int8", backend="onnxruntime")
        choose(graph, "int8", backend="onnxruntime")

    assert (chosen.path, chosen.precision) == (graph, "f32")
    assert "int8 was refused: cosine 0.9 < 0.99" in chosen.why
    assert len([line for line in caplog.messages if "refused" in line]) == 1
    assert computed(graph, INT8) == 2.0


def test_what_nobody_judged_keeps_f32_and_says_how_to_judge_it(graph, put, caplog):
    with caplog.at_level(logging.WARNING):
        chosen = choose(graph, "int8", backend="onnxruntime")

    assert chosen.precision == "f32"
    assert "`subface calibrate PRECISION SOURCE...`" in caplog.text


def test_an_admitted_bf16_is_the_graph_with_a_hint_and_no_file(graph, put):
    put("bf16", backend="openvino")

    chosen = choose(graph, "int8", backend="openvino")

    assert (chosen.path, chosen.precision, chosen.hint) == (graph, "bf16", "bf16")


def test_the_fastest_admitted_one_is_taken_and_none_beyond_what_was_asked_for(graph, put):
    put("bf16", backend="openvino")
    put("int8", backend="openvino")

    assert choose(graph, "int8", backend="openvino").precision == "int8"
    assert choose(graph, "bf16", backend="openvino").precision == "bf16"


def test_a_verdict_of_one_runtime_admits_nothing_for_another(graph, put):
    put("int8", backend="onnxruntime")

    chosen = choose(graph, "int8", backend="openvino")

    assert chosen.precision == "f32"
    assert "judged with onnxruntime and not with openvino" in chosen.why


def test_a_precision_that_a_runtime_has_not_is_refused_by_name(graph):
    with pytest.raises(ConfigError, match=r"backend onnxruntime has f32, int8, got bf16"):
        choose(graph, "bf16", backend="onnxruntime")


def test_a_changed_graph_has_no_variant_any_more(graph, put):
    put()
    scaled(graph, 2.5)

    assert choose(graph, "int8", backend="onnxruntime").precision == "f32"


def flipped(place):
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(content)


def cut(place):
    place.write_bytes(place.read_bytes()[:-9])


def gone(place):
    place.unlink()


def swapped(place):
    record = place.with_suffix(".json")
    content = json.loads(record.read_text())
    record.write_text(json.dumps(content | {"graph": "0" * 64}))


def not_json(place):
    place.with_suffix(".json").write_text("{")


def unknown_key(place):
    record = place.with_suffix(".json")
    record.write_text(json.dumps(json.loads(record.read_text()) | {"trusted": True}))


@pytest.mark.parametrize("spoil", [flipped, cut, gone, swapped, not_json, unknown_key])
def test_a_tampered_variant_is_refused_with_the_command_that_makes_it_anew(graph, put, spoil):
    place = put()
    spoil(place)

    with pytest.raises(VariantError, match=r"`subface calibrate int8 SOURCE\.\.\."):
        open_engine(graph, INT8)


def test_a_variant_made_anew_takes_the_place_of_the_old_one(graph, put):
    put()
    put(factor=5.0)

    assert computed(graph, INT8) == 5.0
