"""Every graph that we export is one that NVIDIA's importer takes and its builder compiles.

By the build half of the backend, on the real TensorRT-RTX, which needs no card to build. What such
a plan computes on a card, this says nothing about.
"""

import warnings

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from calibration.quantize.half import to_half
from engines.backends.tensorrt_binding import NAMES, find_binding
from engines.backends.tensorrt_build import GraphBuild
from engines.backends.tensorrt_precision import declared_layers
from engines.build.whole_body_export import main as export
from engines.errors import EngineError
from engines.models.manifest import shipped_manifest
from engines.models.store import SHIPPED
from engines.plans.shapes import AXES
from engines.sequence.shape import BranchShape, NetworkShape

BROUGHT = {"demo", "optional", "holistic", "edge-lite"}
"""The groups whose models every cache of the tests holds; the others need a model hub."""

MODELS = [
    name
    for name, model in shipped_manifest().models.items()
    if str(getattr(model, "file", "")).endswith(".onnx") and BROUGHT & set(model.used_by)
]
STARTER = sorted(path.stem for path in (SHIPPED / "starter" / "network").glob("*.onnx"))
MADE = [pytest.param("dinov2", marks=pytest.mark.slow), "whole-body"]
EVERY = [*MODELS, *STARTER, *MADE]
INTERVIEWS = {
    "perceptron": NetworkShape(
        image=BranchShape(features=48, layers=2),
        keypoints=BranchShape(features=5, layers=2),
        text=BranchShape(features=40, layers=0, pooling="newest"),
        width=64,
        band_s=12,
        classes=3,
    ),
    "convolution": NetworkShape(
        keypoints=BranchShape(features=5, layers=2), width=64, band_s=12, body="gcn", attended=True
    ),
}
QUICKLY_QUANTISED = ("starter-face", "starter-text", "blazeface-short-onnx")


@pytest.fixture(scope="module")
def nvidia():
    """The binding that is installed, which in the tests is TensorRT-RTX."""
    return find_binding()


@pytest.fixture(scope="module")
def graph(need_model, python, reference, need_build_python, dot_network, tmp_path_factory):
    """Return the file of a graph by its name, exported if it is no model of the cache."""
    made = {}

    def dinov2(folder):
        python(need_build_python, reference / "dinov2_checkpoint.py", folder / "small", "-")
        words = ["dinov2-crop", "--weights", folder / "small", "--canvas", "98x98"]
        program = need_build_python, "-m", "engines.build.dinov2_export"
        python(*program, *words, "--out", folder / "dinov2.onnx")

    def whole_body(folder):
        words = ["whole-body", "--weights", str(dot_network(folder / "dots.onnx"))]
        assert export([*words, "--canvas", "96x72", "--out", str(folder / "whole-body.onnx")]) == 0

    def find(name):
        if name in STARTER:
            return SHIPPED / "starter" / "network" / f"{name}.onnx"
        if name in MODELS:
            return need_model(name)
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            (dinov2 if name == "dinov2" else whole_body)(made[name])
        return made[name] / f"{name}.onnx"

    return find


@pytest.fixture(scope="module")
def eight_bits(graph, python, reference, need_build_python, tmp_path_factory):
    """Write int8 into graphs, all in one process, and return their files by name."""

    def write(names):
        folder = tmp_path_factory.mktemp("int8")
        paths = [graph(name) for name in names]
        python(need_build_python, reference / "eight_bit_graphs.py", folder, *paths)
        return {name: folder / path.name for name, path in zip(names, paths, strict=True)}

    return write


def types(build, nvidia):
    return [layer.types for layer in declared_layers(build._network, nvidia)]


def test_nvidias_importer_is_installed(nvidia):
    assert nvidia.name in NAMES
    assert nvidia.strongly_typed()


@pytest.mark.parametrize("name", EVERY)
def test_a_graph_in_single_precision_is_built(graph, nvidia, name):
    path = graph(name)
    build = GraphBuild(path, nvidia)
    built = build.plan()

    assert len(built.plan) > path.stat().st_size // 4  # the weights are in it
    assert all(kinds == {"f32"} for kinds in types(build, nvidia))


@pytest.mark.parametrize("name", EVERY)
def test_a_graph_in_half_precision_is_built(graph, nvidia, name, tmp_path):
    path = tmp_path / "half.onnx"
    onnx.save(to_half(onnx.load(graph(name))), path)
    build = GraphBuild(path, nvidia)

    assert len(build.plan().plan) > path.stat().st_size // 4
    halves = sum("fp16" in kinds for kinds in types(build, nvidia))
    assert halves or name in {"fusion", "whole-body"}  # these hardly compute


def check_eight_bits(paths, nvidia):
    for name, path in paths.items():
        build = GraphBuild(path, nvidia)
        assert len(build.plan().plan) > path.stat().st_size // 4, name
        assert any("int8" in kinds for kinds in types(build, nvidia)), name


def test_graphs_in_eight_bits_are_built(eight_bits, nvidia):
    check_eight_bits(eight_bits(QUICKLY_QUANTISED), nvidia)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_other_graph_in_eight_bits_is_built(eight_bits, nvidia):
    hardly = {*QUICKLY_QUANTISED, "fusion", "whole-body"}
    names = [name for name in [*MODELS, *STARTER, "dinov2"] if name not in hardly]
    check_eight_bits(eight_bits(names), nvidia)


@pytest.mark.parametrize("body", INTERVIEWS)
def test_the_steps_and_the_fusion_of_a_trained_network_are_built(
    body, nvidia, python, reference, need_build_python, tmp_path
):
    (tmp_path / "shape.json").write_text(INTERVIEWS[body].model_dump_json())
    program = reference / "interview_checkpoint.py"
    python(need_build_python, program, tmp_path / "network", tmp_path / "shape.json")
    # a whole history at once is no work of a live monitor: its loop is refused
    paths = [path for path in (tmp_path / "network").glob("*.onnx") if "history" not in path.stem]

    assert {path.stem for path in paths} >= {"keypoints-step", "fusion"}
    for path in paths:
        assert GraphBuild(path, nvidia).plan().plan, path


def test_a_frame_may_be_of_any_size_and_a_batch_up_to_eight(graph, nvidia):
    frame = GraphBuild(graph("yolo11n-persons-192x320"), nvidia).shapes["frame"]
    face = GraphBuild(graph("starter-face"), nvidia).shapes["face"]

    assert frame == ((1, 1, 1), AXES["H"], AXES["W"], (3, 3, 3))
    assert face[0] == AXES["B"]


def test_only_the_outputs_asked_for_are_built(graph, nvidia):
    path = graph("starter-face")
    network = GraphBuild(path, nvidia, outputs=("embedding",))._network
    both = GraphBuild(path, nvidia, outputs=("embedding", "probabilities"))._network

    assert [network.get_output(k).name for k in range(network.num_outputs)] == ["embedding"]
    assert [both.get_output(k).name for k in range(2)] == ["embedding", "probabilities"]


def test_an_unknown_output_is_refused_with_those_there_are(graph, nvidia):
    with pytest.raises(EngineError, match="no output 'heatmap', but probabilities, embedding"):
        GraphBuild(graph("starter-face"), nvidia, outputs=("heatmap",))


def test_progress_is_told_in_phases_that_end(graph, nvidia):
    told = []
    GraphBuild(graph("starter-text"), nvidia).plan(progress=lambda *step: told.append(step))

    (outermost, first, steps), last = told[0], told[-1]
    assert first == 0
    assert steps > 0
    assert last == (outermost, steps, steps)
    assert len(told) > steps


def test_single_precision_is_all_of_its_bits(graph, nvidia):
    build = GraphBuild(graph("starter-text"), nvidia)
    config, _ = build._configured(1 << 28, None)

    assert not config.get_flag(nvidia.trt.BuilderFlag.TF32)
    assert config.get_memory_pool_limit(nvidia.trt.MemoryPoolType.WORKSPACE) == 1 << 28
    assert config.profiling_verbosity == nvidia.trt.ProfilingVerbosity.DETAILED


def test_timings_of_elsewhere_are_left_aside(graph, nvidia, monkeypatch):
    """RTX times nothing, but still has the calls that TensorRT's build makes."""
    monkeypatch.setattr(type(nvidia), "has_timing_cache", True)
    build = GraphBuild(graph("starter-text"), nvidia)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        built = build.plan(timing_cache=b"of another card")

    assert built.timing_cache


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_a_truncated_graph_is_one_line_that_names_the_file(graph, nvidia, tmp_path, share):
    whole = graph("starter-text").read_bytes()
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(EngineError, match=r"broken\.onnx: TensorRT cannot read") as caught:
        GraphBuild(broken, nvidia)
    assert "\n" not in str(caught.value)


def one_node(path, operator, shapes, **attributes):
    inputs = [
        helper.make_tensor_value_info(f"x{k}", kind, shape)
        for k, (kind, shape) in enumerate(shapes)
    ]
    node = helper.make_node(operator, [one.name for one in inputs], ["y"], "the-node", **attributes)
    y = helper.make_tensor_value_info("y", TensorProto.INT64, None)
    graph = helper.make_graph([node], "one", inputs, [y])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(made, path)
    return path


def test_a_node_that_is_refused_is_named(nvidia, tmp_path):
    boxes, scores = [1, 10, 4], [1, 1, 10]
    shapes = [(TensorProto.FLOAT, boxes), (TensorProto.FLOAT, scores)]
    path = one_node(tmp_path / "chosen.onnx", "NonMaxSuppression", shapes)

    with pytest.raises(EngineError, match=r"chosen\.onnx: TensorRT cannot.*says: \S") as caught:
        GraphBuild(path, nvidia).plan()
    assert "\n" not in str(caught.value)


def test_an_axis_that_is_not_ours_is_refused_by_name(nvidia, tmp_path):
    path = one_node(tmp_path / "odd.onnx", "Shape", [(TensorProto.FLOAT, ["N", 3])])

    with pytest.raises(EngineError, match=r"input 'x0': its axis 'N' may vary; expected one of"):
        GraphBuild(path, nvidia)


@pytest.mark.parametrize(
    ("name", "message"),
    [("no.onnx", "no such graph.*`subface models pull`"), ("mesh.tflite", r"reads \.onnx files")],
)
def test_what_is_no_graph_is_refused(nvidia, tmp_path, name, message):
    if name != "no.onnx":
        (tmp_path / name).write_bytes(np.zeros(9, np.uint8).tobytes())

    with pytest.raises(EngineError, match=message):
        GraphBuild(tmp_path / name, nvidia)
