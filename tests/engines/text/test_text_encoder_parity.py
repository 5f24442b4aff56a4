"""BERT in torch, ONNX Runtime and OpenVINO: the same vectors from the same texts."""

import json
import shutil
import subprocess

import numpy as np
import pytest

BACKENDS = ["onnxruntime", "openvino"]

pytestmark = pytest.mark.slow


@pytest.fixture
def agree(parity):
    """Compare what torch embedded together, padded, with what an engine did one by one."""
    return lambda *arguments: compare(parity, *arguments)


def compare(parity, network, backend, reference, found):
    embeddings = reference["embeddings"]
    assert np.abs(embeddings).max() > 0.3
    assert np.abs(embeddings[0] - embeddings[1]).max() > 0.01
    parity.hold(network, "embedding", backend, found["alone"], embeddings)
    parity.hold(network, "embedding", backend, found["filled"], embeddings)


@pytest.fixture(scope="module")
def minilm(need_model, torch_embeds):
    weights = need_model("minilm-l6-weights")
    return need_model("minilm-l6"), torch_embeds(f"minilm-l6:{weights}")


@pytest.mark.parametrize("backend", BACKENDS)
def test_minilm_gives_what_transformers_gives_padded_or_not_and_cut_on_the_left(
    minilm, engine_embeds, agree, backend
):
    graph, torch_found = minilm
    found = engine_embeds(backend, graph, torch_found)
    agree("minilm-l6", backend, np.load(torch_found), found)


def test_a_text_is_cut_into_the_tokens_that_transformers_makes_of_it(minilm, engine_embeds):
    graph, torch_found = minilm
    reference = np.load(torch_found)
    found = engine_embeds("openvino", graph, torch_found)
    lengths = reference["seen"].sum(axis=1)
    assert {2, 3, 128} < set(lengths)
    for k, (ids, length) in enumerate(zip(reference["ids"], lengths, strict=True)):
        assert found[f"ids{k}"].tolist() == ids[:length].tolist()


def test_a_bert_of_the_base_size_agrees_as_well(
    export, torch_embeds, engine_embeds, agree, tmp_path
):
    graph = tmp_path / "base.onnx"
    export("--random", "base", "--seed", 7, "--out", graph)
    torch_found = torch_embeds("random:base:7")
    for backend in BACKENDS:
        found = engine_embeds(backend, graph, torch_found)
        agree("bert-base", backend, np.load(torch_found), found)
    assert np.load(torch_found)["embeddings"].shape[1] == 768
    provenance = json.loads((tmp_path / "base.onnx.json").read_text())
    assert provenance["made_from"] == "random weights, size base, seed 7"
    graph.unlink()  # almost half a gigabyte


@pytest.fixture(scope="module")
def checkpoint(python, reference, need_build_python, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    python(need_build_python, reference / "bert_checkpoint.py", folder)
    return folder


@pytest.fixture(scope="module")
def small(checkpoint, torch_embeds):
    return torch_embeds(checkpoint)


def test_a_saved_checkpoint_gives_the_same_vectors_and_says_how_it_was_made(
    export, checkpoint, small, engine_embeds, agree, store, tmp_path
):
    graph = tmp_path / "small.onnx"
    export(
        "--weights", checkpoint, "--tokens", 160, "--heads", 2, "--pooling", "mean", "--out", graph
    )
    agree("bert-small", "openvino", np.load(small), engine_embeds("openvino", graph, small))
    provenance = json.loads((tmp_path / "small.onnx.json").read_text())
    assert provenance["recipe"] == "text-encoder"
    assert provenance["revision"] == store.manifest.model("minilm-l6").revision
    assert provenance["tokens"] == 160
    assert provenance["options"] == {"heads": "2", "pooling": "mean"}


@pytest.mark.parametrize("name", ["model.safetensors", "old.safetensors"])
def test_a_single_file_without_a_configuration_gives_the_same_vectors(
    export, checkpoint, small, engine_embeds, agree, tmp_path, name
):
    lone = tmp_path / name
    shutil.copy(checkpoint / name, lone)
    export("--weights", lone, "--out", tmp_path / "small.onnx")
    found = engine_embeds("openvino", tmp_path / "small.onnx", small)
    agree("bert-small", "openvino", np.load(small), found)


def test_heads_that_are_stated_are_taken(export, checkpoint, small, engine_embeds, tmp_path):
    lone = tmp_path / "weights.safetensors"
    shutil.copy(checkpoint / "model.safetensors", lone)
    export("--weights", lone, "--heads", 4, "--out", tmp_path / "small.onnx")
    found = engine_embeds("openvino", tmp_path / "small.onnx", small)
    assert np.abs(found["alone"] - np.load(small)["embeddings"]).max() > 0.01


def refusal(export, *arguments):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        export(*arguments)
    assert caught.value.returncode == 2
    return caught.value.stderr.splitlines()[-1]


def test_weights_that_are_no_bert_are_refused_in_one_line(export, checkpoint, tmp_path):
    out = tmp_path / "out.onnx"
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    assert "no BERT: it has no tensor embeddings.word_embeddings.weight" in refusal(
        export, "--weights", other, "--out", out
    )
    (tmp_path / "config.json").write_text('{"model_type": "roberta"}')
    assert refusal(export, "--weights", other, "--out", out).endswith(
        "config.json: model_type: expected bert, got roberta"
    )
    assert not out.exists()


def test_weights_that_do_not_fit_their_configuration_are_refused_in_one_line(
    export, checkpoint, tmp_path
):
    shutil.copytree(checkpoint, tmp_path / "folder")
    config = tmp_path / "folder/config.json"
    values = json.loads(config.read_text())
    config.write_text(json.dumps(values | {"intermediate_size": 200}))
    words = "--weights", tmp_path / "folder", "--out", tmp_path / "out.onnx"
    assert "is no BERT of the size that is stated" in refusal(export, *words)
    config.write_text(json.dumps(values | {"num_hidden_layers": 4}))
    assert "16 tensors are missing, the first is encoder.layer.3." in refusal(export, *words)


def test_more_tokens_than_the_network_knows_are_refused_in_one_line(export, checkpoint, tmp_path):
    words = "--weights", checkpoint, "--tokens", 161, "--out", tmp_path / "out.onnx"
    assert refusal(export, *words) == (
        "--tokens: expected 3 to 160, which the network knows, got 161"
    )
