"""The network that ships: what it says it is, what its graphs compute, the rule that they are."""

import json
import subprocess

import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import RuntimeConfig, TextConfig
from engines.models.starter_network import STARTER
from engines.sequence.checkpoint import Fed, read_checkpoint
from engines.sequence.interview import InterviewEngines, InterviewState
from engines.spec.labels import EXPRESSION_VALENCES, VALENCES
from engines.speech.text_encoder import open_text_encoder
from training.starter.faces import read_faces

SAME = 1e-5
NEGATIVE, NEUTRAL, POSITIVE = range(3)
GLAD = "thank you so much, that is wonderful news and i am so happy for you"
BITTER = "i hate this, it was a horrible day and they were awful to me"
PLAIN = "the meeting is on the second floor at ten"
MASKED = ("keypoints",)


def opened_by(backend):
    def open_one(name, path, *, outputs=None):
        return open_engine(path, RuntimeConfig(backend=backend), outputs=outputs)

    return open_one


@pytest.fixture(scope="module")
def network():
    return read_checkpoint(STARTER).description


@pytest.fixture(scope="module", params=["openvino", "onnxruntime"])
def runtime(request):
    return request.param


@pytest.fixture(scope="module")
def engines(runtime):
    with InterviewEngines(read_checkpoint(STARTER), opened_by(runtime), masked=MASKED) as opened:
        yield opened


@pytest.fixture(scope="module")
def faces(media, store):
    """What the encoder makes of 200 pictures that no weight was fitted to."""
    _, chosen = read_faces(media.parent / "data/fer2013_train.npz").consistent().split()
    with open_engine(store.path("starter-face"), RuntimeConfig()) as engine:
        return engine.run({"face": chosen.images[:200]})


@pytest.fixture(scope="module")
def surest(faces):
    """The embedding of the face that shows a valence most surely, by the valence's place."""
    shares = by_valence(faces["probabilities"])
    return {place: faces["embedding"][shares[:, place].argmax()] for place in range(3)}


@pytest.fixture(scope="module")
def embed(store):
    opened = open_text_encoder(TextConfig(), store, opened_by("openvino"))
    with opened as encoder:
        yield encoder.embed


@pytest.fixture(scope="module")
def texts(embed):
    return np.stack([embed(text) for text in (GLAD, BITTER, PLAIN)])


@pytest.fixture(scope="module")
def ticks():
    """When each of the 200 faces is seen: in a row, with holes, and after longer than the band."""
    return np.cumsum(np.random.default_rng(0).choice([1, 1, 1, 2, 9, 60], 200))


@pytest.fixture(scope="module")
def in_torch(faces, texts, ticks, python, reference, need_build_python, tmp_path_factory):
    """What the modules make of the same, by .venv-build's Python."""
    folder = tmp_path_factory.mktemp("torch")
    np.savez(folder / "in.npz", faces=faces["embedding"], texts=texts, ticks=ticks)
    program = reference / "starter_rule_outputs.py"
    python(need_build_python, program, STARTER.parent, folder / "in.npz", folder / "out.npz")
    return np.load(folder / "out.npz")


def by_valence(probabilities):
    groups = np.array([[name == valence for name in VALENCES] for valence in EXPRESSION_VALENCES])
    return probabilities @ groups


def read(engines, *, faces=(), text=None):
    """Probabilities of somebody who shows faces, a tick each, and has said a text before."""
    state = InterviewState(engines)
    if text is not None:
        state.step(0, {"text": text})
    for tick, face in enumerate(faces, start=1):
        state.step(tick, {"image": face})
    evidence = state.read()
    exact = np.exp(evidence.logits.astype(np.float64))
    return exact / exact.sum()


def valence(probabilities):
    return probabilities[POSITIVE] - probabilities[NEGATIVE]


def test_it_says_what_it_is_and_what_feeds_it(network, store):
    assert network.labels == VALENCES
    assert network.taught == "expressed_valence"
    assert "FER-2013" in network.trained_on
    assert "GoEmotions" in network.trained_on
    assert network.fed == {
        "image": Fed(name="starter-face", digest=store.digest("starter-face")),
        "text": Fed(name="minilm-l6", digest=store.manifest.model("minilm-l6-weights").sha256),
    }
    assert network.stale_s == {"image": 3.0, "text": 30.0}
    assert sum(network.prior) == pytest.approx(1)
    (calibration,) = network.calibrations.values()
    assert calibration.risk is not None
    assert 1 / 3 < calibration.min_confidence < 1


def test_keypoints_are_reported_untrained_and_have_no_graph(network):
    reasons = network.untrained(network.fed | {"keypoints": Fed(name="holistic", digest="a" * 64)})
    assert reasons == {"keypoints": "starter never learned from keypoints"}
    assert not [name for name in network.files if name.startswith("keypoints")]


def test_another_face_encoder_is_noticed(network):
    fed = network.fed | {"image": Fed(name="starter-face", digest="b" * 64)}
    assert "image" in network.untrained(fed)


def test_the_graphs_are_the_rule_that_torch_computes_over_the_whole_history(
    engines, runtime, faces, texts, ticks, in_torch, parity
):
    state = InterviewState(engines)
    state.step(0, {"text": texts[0]})
    for row, tick in enumerate(ticks):
        token = state.step(int(tick), {"image": faces["embedding"][row]})["image"]
        parity.hold("starter-network", "image token", runtime, token, in_torch["image"][row])
        logits = state.read().logits
        parity.hold("starter-network", "logits", runtime, logits, in_torch["logits"][row])
    for row, text in enumerate(texts):
        token = InterviewState(engines).step(0, {"text": text})["text"]
        parity.hold("starter-network", "text token", runtime, token, in_torch["text"][row])
    tolerance = parity.tolerance("starter-network", "logits")
    assert np.ptp(in_torch["logits"], axis=0).min() > 1000 * tolerance


def test_what_it_makes_of_an_embedding_is_what_the_encoder_made_of_the_face(faces, in_torch):
    shown = by_valence(faces["probabilities"])
    assert np.abs(in_torch["valences"] - shown).max() < SAME


def test_a_face_alone_and_words_alone_are_read_as_what_they_are(engines, surest, embed):
    for place, text in enumerate((BITTER, PLAIN, GLAD)):
        assert read(engines, faces=[surest[place]] * 5).argmax() == place
        assert read(engines, text=embed(text)).argmax() == place


def test_face_and_words_that_agree_are_surer_than_either(engines, surest, embed):
    for place, text in ((NEGATIVE, BITTER), (POSITIVE, GLAD)):
        together = read(engines, faces=[surest[place]], text=embed(text))[place]
        assert together > read(engines, faces=[surest[place]])[place]
        assert together > read(engines, text=embed(text))[place]


def test_sure_words_pull_a_sure_face_to_the_middle_or_past_it(engines, surest, embed):
    for place, text in ((POSITIVE, BITTER), (NEGATIVE, GLAD)):
        side = np.sign(valence(read(engines, faces=[surest[place]])))
        pulled = side * valence(read(engines, faces=[surest[place]], text=embed(text)))
        assert pulled < 0.2
        shown = side * valence(read(engines, faces=[surest[place]]))
        assert (shown - pulled) / 2 > 0.4


def test_what_one_of_them_can_say_is_bounded_by_its_floor(engines, surest):
    rule = json.loads((STARTER.parent / "starter-rule.json").read_text())
    token = InterviewState(engines).step(0, {"image": surest[POSITIVE]})["image"]
    assert np.exp(token[:3]).min() >= rule["image"]["floor"] - SAME
    assert token[3] == 0


def test_distractors_weigh_no_more_than_their_share(engines, surest):
    mostly_glad = [surest[POSITIVE]] * 6 + [surest[NEGATIVE]] * 2
    assert read(engines, faces=mostly_glad).argmax() == POSITIVE
    again = read(engines, faces=mostly_glad[::-1])
    assert read(engines, faces=mostly_glad) == pytest.approx(again, abs=SAME)


def test_a_face_of_more_than_the_band_ago_is_forgotten(engines, network, surest):
    state = InterviewState(engines)
    state.step(0, {"image": surest[NEGATIVE]})
    state.step(network.shape.band_ticks - 1, {"image": surest[POSITIVE]})
    both = state.read().logits
    state.step(network.shape.band_ticks, {"image": surest[POSITIVE]})
    forgotten = state.read().logits
    fresh = InterviewState(engines)
    fresh.step(0, {"image": surest[POSITIVE]})
    assert forgotten == pytest.approx(fresh.read().logits, abs=SAME)
    assert np.abs(both - forgotten).max() > 0.1


def test_what_is_absent_or_stale_says_nothing(engines, surest, embed):
    state = InterviewState(engines)
    assert state.read() is None
    state.step(0, {"text": embed(BITTER)})
    words = state.read()
    state.step(1, {"image": surest[POSITIVE]})
    assert state.read(stale=["image"]).logits == pytest.approx(words.logits, abs=SAME)
    assert state.read().without["image"] == pytest.approx(words.logits, abs=SAME)
    assert state.read(stale=["image", "text"]) is None


def test_the_folder_made_again_is_the_same_byte_by_byte(python, need_build_python, tmp_path):
    python(need_build_python, "-m", "engines.build.starter_network", "--out", tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {"network.json", "image-step.onnx", "text-step.onnx", "fusion.onnx"} <= set(made)
    for name, content in made.items():
        assert content == (STARTER / name).read_bytes(), name


def test_numbers_chosen_for_other_weights_are_refused(need_build_python, python, tmp_path):
    for path in STARTER.parent.glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    says = json.loads((tmp_path / "face-encoder.json").read_text()) | {"temperature": 1.0}
    (tmp_path / "face-encoder.json").write_text(json.dumps(says))
    with pytest.raises(subprocess.CalledProcessError, match="exit status 2") as caught:
        python(
            need_build_python,
            "-m",
            "engines.build.starter_network",
            "--weights",
            tmp_path,
            "--out",
            tmp_path / "network",
        )
    assert "its numbers were not chosen for face-encoder.json" in caught.value.stderr
    assert not (tmp_path / "network").exists()


def test_the_card_has_the_figures_of_the_scores():
    card = (STARTER / "CARD.md").read_text()
    scores = json.loads((STARTER / "scores.json").read_text())
    assert set(scores) == {"tests", "slices"}
    for some in scores.values():
        assert set(some) == {"face", "faces", "text", "agree", "disagree"}
        told = [own.items() for own in some.values()]
        for name, score in (item for own in told for item in own):
            if name == "confidence" and score != some["disagree"]["confidence"]:
                continue  # of what is told, it is only kept
            assert f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})" in card
    assert "$" not in card
    assert "little more than the surface" in card
