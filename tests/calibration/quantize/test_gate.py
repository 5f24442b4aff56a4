import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from calibration.quantize import workshop
from calibration.quantize.gate import Candidate, judge
from calibration.quantize.recipe import Recipe
from calibration.quantize.trial import try_precision
from engines.errors import ModelSourceError
from engines.models.store import sha256
from engines.variants import VariantStore, choose

KINDS = {
    "boxes": ("boxes", "scores"),
    "landmarks": ("landmarks", "presence"),
    "embedding": ("embedding",),
    "probabilities": ("probabilities",),
}
"""By what a network is for, the outputs of the small one that are."""
MINMAX = Recipe(name="MinMax", ranges="minmax")


@pytest.fixture(scope="session")
def int8(need_build_python, written, many_headed, tmp_path_factory):
    """The small network in int8 by MinMax, on inputs like those it gets, and on faint noise."""
    folder = tmp_path_factory.mktemp("int8")

    def made(name, width):
        out = folder / f"{name}.onnx"
        inputs = [one.file for one in written(name, width=width).calibration]
        workshop.make(many_headed, "int8", out, inputs=inputs, recipe=MINMAX)
        return out

    return {"sound": made("sound", 1.0), "ruined": made("ruined", 0.02)}


@pytest.fixture
def verdict(many_headed, written, limits):
    """Judge a file in the place of the small network, by the outputs of one kind."""

    def judged(file, kind, held_out=12, **options):
        outputs = KINDS[kind]
        samples = written(kind, outputs, held_out=held_out)
        return judge(
            Candidate(path=many_headed, outputs=outputs),
            Candidate(path=file, outputs=outputs),
            [one.batch() for one in samples.held_out],
            limits,
            **options,
        )

    return judged


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_a_calibration_on_noise_is_refused_whatever_the_network_is_for(
    int8, verdict, kind, backend
):
    found = verdict(int8["ruined"], kind, backend=backend)

    assert not found.admitted
    assert found.metrics
    assert any(str(metric) in found.why for metric in found.metrics if not metric.passes)


@pytest.mark.parametrize("kind", KINDS)
def test_the_graph_itself_is_admitted_whatever_it_is_for(many_headed, verdict, kind):
    found = verdict(many_headed, kind)

    assert found.admitted
    assert (found.samples, found.backend) == (12, "openvino")


def test_a_sound_int8_is_admitted_where_its_task_is_kept(int8, verdict):
    assert verdict(int8["sound"], "embedding").admitted


def test_on_too_few_inputs_nothing_is_admitted(many_headed, verdict):
    found = verdict(many_headed, "embedding", held_out=7)

    assert not found.admitted
    assert found.why == "7 held-out inputs, 8 are needed"


def test_outputs_that_nobody_knows_are_not_admitted(many_headed, written, limits):
    same = Candidate(path=many_headed, outputs=("presence",))
    inputs = [one.batch() for one in written("unknown").held_out]

    found = judge(same, same, inputs, limits)

    assert not found.admitted
    assert "nobody knows what its outputs are for" in found.why


def test_a_candidate_that_no_runtime_reads_is_refused(many_headed, verdict, tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(many_headed.read_bytes()[:500])

    found = verdict(broken, "embedding")

    assert not found.admitted
    assert "it does not run" in found.why


def test_the_first_recipe_that_passes_is_kept_and_used(
    need_build_python, written, limits, tmp_path
):
    samples, store = written("kept", ("embedding",)), VariantStore(tmp_path)
    recipes = (Recipe(name="too late", ranges="minmax", spare_last=9), MINMAX)

    outcome = try_precision(samples, "int8", limits, tmp_path, store=store, recipes=recipes)

    assert [one.verdict.admitted for one in outcome.attempts] == [False, True]
    assert "nothing is left to quantise" in outcome.attempts[0].verdict.why
    assert outcome.record.calibration.samples == len(samples.calibration)
    chosen = choose(samples.path, "int8", backend="openvino", root=tmp_path)
    assert chosen.path == store.place(sha256(samples.path), "int8")


def test_a_refused_network_keeps_its_record_and_no_file(
    need_build_python, written, limits, tmp_path
):
    samples = written("refused", ("landmarks", "presence"), width=0.02)
    store = VariantStore(tmp_path)

    outcome = try_precision(samples, "int8", limits, tmp_path, store=store, recipes=(MINMAX,))

    assert outcome.record.sha256 is None
    assert not store.place(outcome.record.graph, "int8").exists()
    chosen = choose(samples.path, "int8", backend="openvino", root=tmp_path)
    assert chosen.path == samples.path
    assert "int8 was refused: error, palm widths" in chosen.why


def test_fp16_by_casts_is_admitted_and_keeps_the_types_of_inputs_and_outputs(
    need_build_python, written, limits, tmp_path
):

    samples, store = written("half"), VariantStore(tmp_path)

    outcome = try_precision(samples, "fp16", limits, tmp_path, store=store)

    assert outcome.record.verdict.admitted
    assert outcome.record.verdict.backend == "onnxruntime"
    model = onnx.load(store.place(outcome.record.graph, "fp16"))
    ends = [*model.graph.input, *model.graph.output]
    assert {end.type.tensor_type.elem_type for end in ends} == {onnx.TensorProto.FLOAT}
    weights = {one.name: one.data_type for one in model.graph.initializer}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    assert {weights[node.input[1]] for node in convolutions} == {onnx.TensorProto.FLOAT16}


def test_int8_is_signed_symmetric_and_leaves_biases_alone(int8):

    model = onnx.load(int8["sound"])
    held = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    zeros = [
        held[node.input[2]]
        for node in model.graph.node
        if node.op_type in {"QuantizeLinear", "DequantizeLinear"}
    ]

    assert zeros
    assert {zero.dtype for zero in zeros} == {np.dtype(np.int8)}
    assert not any(zero.any() for zero in zeros)
    assert not any(array.dtype == np.int32 for array in held.values())


def test_without_the_build_environment_int8_says_what_brings_it(
    written, limits, tmp_path, monkeypatch
):
    monkeypatch.delenv("SUBFACE_BUILD_PYTHON", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("engines.models.convert.CHECKOUT", tmp_path)

    with pytest.raises(ModelSourceError, match="make build-env"):
        try_precision(written("none"), "int8", limits, tmp_path, recipes=(MINMAX,))
