"""Graphs that somebody made: converted by a command, named by a path."""

import json
import textwrap

import pytest

from engines.errors import ConfigError, ModelDigestError, ModelMissingError, ModelSourceError
from engines.models import convert
from engines.models.own import convert_own
from engines.models.store import ModelStore, sha256


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "cache")


@pytest.fixture
def graph(tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"a graph")
    return path


@pytest.fixture
def described(graph):
    values = {
        "sha256": sha256(graph),
        "size_bytes": 7,
        "made_from_sha256": "a" * 64,
        "recipe": "person-boxes",
        "revision": 1,
        "canvas_hw": [320, 320],
        "tools": {},
    }
    graph.with_name("mine.onnx.json").write_text(json.dumps(values))
    return graph


def test_a_path_is_used_where_it_lies(store, graph):
    name = str(graph)
    store.require([name])
    assert store.present(name)
    assert store.path(name) == store.place(name) == graph
    assert store.size_bytes(name) == 7
    assert store.digest(name) == store.weights_digest(name) == sha256(graph)
    assert store.weights_name(name) == "mine"


def test_a_graph_that_was_converted_is_known_by_its_weights(store, described):
    assert store.weights_digest(str(described)) == "a" * 64
    assert store.digest(str(described)) == sha256(described)


def test_a_graph_that_is_not_the_one_that_was_converted_is_refused(store, described):
    described.write_bytes(b"b graph")
    with pytest.raises(ModelDigestError, match=r"mine\.onnx: expected sha256 .* beside it says"):
        store.path(str(described))


def test_a_path_where_nothing_is_names_the_command_that_makes_it(store, tmp_path):
    absent = str(tmp_path / "absent.onnx")
    assert not store.present(absent)
    for ask in (store.path, lambda name: store.require([name])):
        with pytest.raises(ModelMissingError, match=r"absent\.onnx: .* `subface models convert`"):
            ask(absent)


def test_a_graph_of_one_s_own_reads_no_text(store, graph):
    with pytest.raises(ConfigError, match="has no tokenizer"):
        store.tokenizer(str(graph))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "--canvas: the recipe person-boxes needs --canvas HxW"),
        (
            {"canvas": "320"},
            "--canvas: expected height x width in pixels, such as 320x320, got 320",
        ),
        ({"canvas": "0x0"}, "--canvas: expected height x width"),
        ({"canvas": "320x300"}, "--canvas: expected multiples of 32, got 320x300"),
        (
            {"canvas": "320x320", "options": ["pooling"]},
            "--option: expected KEY=VALUE, got pooling",
        ),
        ({"canvas": "320x320", "out": "mine.pt"}, r"--out: expected .* ends in \.onnx"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_made(
    tmp_path, monkeypatch, settings, message
):
    monkeypatch.setenv(convert.VARIABLE, "/nowhere")
    given = dict(settings)
    out = tmp_path / given.pop("out", "mine.onnx")
    with pytest.raises(ConfigError, match=message):
        convert_own(tmp_path / "best.pt", "person-boxes", out, **given)


def test_a_tflite_takes_no_canvas(tmp_path):
    with pytest.raises(ConfigError, match="the recipe tflite takes no --canvas"):
        convert_own(tmp_path / "a.tflite", "tflite", tmp_path / "a.onnx", canvas="32x32")


def test_the_converter_is_given_whole_paths_and_every_setting(tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\n')
    program.chmod(0o755)
    monkeypatch.setenv(convert.VARIABLE, str(program))
    monkeypatch.chdir(tmp_path)
    options = {"canvas": "224x224", "options": ["pooling=cls_mean"]}
    made = convert_own(tmp_path / "w.safetensors", "dinov2-crop", tmp_path / "w.onnx", **options)
    assert made == tmp_path / "w.onnx"
    words = (tmp_path / "words").read_text().split()
    assert words == [
        *("-m", "engines.build.dinov2_export", "dinov2-crop"),
        *("--weights", str(tmp_path / "w.safetensors"), "--canvas", "224x224"),
        *("--out", str(tmp_path / "w.onnx"), "--pooling=cls_mean"),
    ]


def test_what_the_conversion_says_is_said(tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text(
        textwrap.dedent("#!/bin/sh\necho 'best.pt: it knows no persons' >&2\nexit 2\n")
    )
    program.chmod(0o755)
    monkeypatch.setenv(convert.VARIABLE, str(program))
    with pytest.raises(ModelSourceError, match="it knows no persons"):
        convert_own(tmp_path / "best.pt", "person-boxes", tmp_path / "o.onnx", canvas="32x32")
