import json
import subprocess

import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.errors import ModelDigestError, ModelError, ModelMissingError
from engines.sequence.checkpoint import (
    Beside,
    Fed,
    NetworkDescription,
    read_checkpoint,
    write_description,
)
from engines.sequence.interview import InterviewEngines, InterviewState
from engines.sequence.shape import BranchShape, NetworkShape

SHAPE = NetworkShape(
    image=BranchShape(features=6, layers=1),
    keypoints=BranchShape(features=5, layers=1),
    text=BranchShape(features=4, layers=0, pooling="newest"),
    width=16,
    heads=2,
    looks=2,
    band_s=4,
)


@pytest.fixture(scope="module")
def folder(save_checkpoint):
    return save_checkpoint(SHAPE)


@pytest.fixture(scope="module")
def engines(folder):
    with InterviewEngines(read_checkpoint(folder), open_one) as opened:
        yield opened


def open_one(name, path, *, outputs=None):
    return open_engine(path, RuntimeConfig(), outputs=outputs)


@pytest.fixture
def copy(folder, tmp_path):
    """A copy of the checkpoint that a test may break."""
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def description(**changed):
    stated = {
        "name": "test",
        "labels": ("negative", "positive"),
        "taught": "hidden_emotion",
        "trained_on": "interviews",
        "shape": SHAPE,
        "fed": {"keypoints": Fed(name="holistic", digest="a" * 64)},
        "files": {},
    }
    return NetworkDescription(**(stated | changed))


def test_a_description_that_was_written_reads_the_same(tmp_path):
    written = write_description(tmp_path, description())
    assert read_checkpoint(tmp_path) == written
    assert written.description == description()


def test_a_branch_that_is_fed_as_it_learned_is_not_masked():
    fed = {"keypoints": Fed(name="holistic", digest="a" * 64)}
    assert set(description().untrained(fed)) == {"image", "text"}
    assert set(description().untrained({})) == {"image", "text"}


def test_a_branch_that_is_fed_something_else_is_untrained_and_says_why():
    reasons = description().untrained({"keypoints": Fed(name="rtmw-l", digest="b" * 64)})
    assert reasons["keypoints"] == (
        "test learned keypoints from holistic (aaaaaaaaaaaa), this run has rtmw-l (bbbbbbbbbbbb)"
    )
    assert reasons["image"] == "test never learned from image"
    newer = {"keypoints": Fed(name="holistic", digest="b" * 64)}
    assert "keypoints" in description().untrained(newer)


def noted(withheld):
    beside = Beside(kind="cues", teacher="somebody", labels="c" * 64, width=3, withheld=withheld)
    return {"fed": {"text": Fed(name="minilm")}, "beside": {"text": beside}}


def test_a_branch_that_had_a_teachers_notes_is_read_without_if_it_learned_so():
    fed = {"text": Fed(name="minilm")}
    assert "text" not in description(**noted(0.5)).untrained(fed)
    never = description(**noted(0.0))
    assert never.untrained(fed)["text"] == (
        "test learned text with cues of somebody and never without, which this run has not"
    )
    assert "text" not in never.untrained(fed, beside=["text"])


def test_only_a_network_that_had_something_beside_says_so(tmp_path):
    write_description(tmp_path, description())
    assert "beside" not in json.loads((tmp_path / "network.json").read_text())
    written = write_description(tmp_path, description(**noted(0.5)))
    assert read_checkpoint(tmp_path) == written
    assert written.description.beside["text"].withheld == 0.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"beside": {"text": noted(0)["beside"]["text"].model_dump() | {"width": 4}}},
            "beside: expected a branch 'text' of more than 4 features",
        ),
        ({"labels": ["one"]}, "labels: Tuple should have at least 2 items"),
        ({"labels": ["a", "b", "c"]}, "labels: expected 2 as the shape has, got 3"),
        ({"grid": 12}, "grid: Extra inputs are not permitted"),
        ({"format": "subface.network/2"}, "format: Input should be 'subface.network/1'"),
        ({"shape": {"width": 60}}, "width: expected a multiple of twice the heads (4), got 60"),
        ({"shape": {"band_s": 0.01}}, "band_s: expected two ticks of 12.5 Hz at least"),
    ],
)
def test_a_description_that_is_wrong_is_refused_in_one_line(tmp_path, change, said):
    write_description(tmp_path, description())
    path = tmp_path / "network.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelError) as caught:
        read_checkpoint(tmp_path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_description_that_is_half_there_is_refused(tmp_path):
    write_description(tmp_path, description())
    path = tmp_path / "network.json"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match=r"network\.json: the whole: Invalid JSON"):
        read_checkpoint(tmp_path)


def test_a_folder_without_a_description_is_no_checkpoint(tmp_path):
    with pytest.raises(ModelMissingError, match="there is no such checkpoint"):
        read_checkpoint(tmp_path)


def test_a_graph_that_is_another_is_not_opened(copy):
    graph = copy / "keypoints-step.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelDigestError, match=r"keypoints-step\.onnx: expected sha256"):
        InterviewEngines(read_checkpoint(copy), open_one)


def test_a_graph_that_is_missing_is_named(copy):
    (copy / "image-step.onnx").unlink()
    with pytest.raises(ModelMissingError, match=r"image-step\.onnx: the checkpoint has no such"):
        InterviewEngines(read_checkpoint(copy), open_one)


def test_with_nothing_seen_there_is_no_reading(engines):
    assert InterviewState(engines).read() is None


def test_one_modality_alone_is_read_and_nothing_else_is_claimed(engines):
    state = InterviewState(engines)
    state.step(0, {"text": np.ones(4, np.float32)})
    evidence = state.read()
    assert evidence.present == ("text",)
    assert evidence.logits.shape == (2,)
    assert not evidence.without


def test_what_a_branch_had_beside_its_words_is_zeros_when_it_is_stepped(folder, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    description = read_checkpoint(folder).description
    beside = noted(0.5)["beside"]
    write_description(tmp_path, description.model_copy(update={"beside": beside}))
    logits = []
    for place, words in ((folder, [1, 0, 0, 0]), (tmp_path, [1])):
        with InterviewEngines(read_checkpoint(place), open_one) as engines:
            state = InterviewState(engines)
            state.step(0, {"text": np.array(words, np.float32)})
            logits.append(state.read().logits)
    assert logits[0] == pytest.approx(logits[1], abs=1e-7)


def test_a_reading_says_what_it_would_be_without_each_modality(engines):
    random = np.random.default_rng(0)
    state, speechless = InterviewState(engines), InterviewState(engines)
    for tick in range(5):
        given = {
            "image": random.normal(size=6).astype(np.float32),
            "keypoints": np.abs(random.normal(size=(137, 5))).astype(np.float32),
        }
        speechless.step(tick, given)
        state.step(tick, given | {"text": np.full(4, tick, np.float32)})
    evidence = state.read()
    assert evidence.present == ("image", "keypoints", "text")
    assert set(evidence.without) == set(evidence.present)
    assert evidence.without["text"] == pytest.approx(speechless.read().logits, abs=1e-6)
    assert np.abs(evidence.without["text"] - evidence.logits).max() > 1e-4
    assert state.read(stale=["text"]).logits == pytest.approx(speechless.read().logits, abs=1e-6)
    assert state.newest("text") == 4
    assert speechless.newest("text") is None


def test_a_masked_branch_is_neither_opened_nor_read(folder):
    opened = []

    def watch(name, path, *, outputs=None):
        opened.append(name)
        return open_one(name, path, outputs=outputs)

    with InterviewEngines(read_checkpoint(folder), watch, masked=["image"]) as engines:
        assert opened == ["keypoints-step", "text-step", "fusion"]
        state = InterviewState(engines)
        state.step(0, {"image": np.ones(6, np.float32)})
        assert state.read() is None
        state.step(1, {"image": np.ones(6, np.float32), "text": np.ones(4, np.float32)})
        assert state.read().present == ("text",)


def test_graphs_can_be_made_again_from_the_weights(copy, python, need_build_python):
    graphs = {path.name: path.read_bytes() for path in copy.glob("*.onnx")}
    assert len(graphs) == 7
    for name in graphs:
        (copy / name).unlink()
    python(need_build_python, "-m", "engines.build.network_export", copy)
    assert {path.name: path.read_bytes() for path in copy.glob("*.onnx")} == graphs


def test_broken_weights_are_refused_in_one_line(copy, python, need_build_python):
    weights = copy / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(subprocess.CalledProcessError) as caught:
        python(need_build_python, "-m", "engines.build.network_export", copy)
    assert caught.value.returncode == 2
    assert "weights.safetensors: expected sha256" in caught.value.stderr.splitlines()[-1]
