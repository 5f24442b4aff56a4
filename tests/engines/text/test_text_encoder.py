"""The text encoder on MiniLM's own weights, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from engines.config import TextConfig
from engines.errors import ConfigError, EngineError, ModelError, ModelMissingError
from engines.models.store import ModelStore
from engines.spec.tensors import EngineSpec, TensorSpec
from engines.speech.text_encoder import TextEncoder, open_text_encoder

CLS, SEP, MASK = 101, 102, 103


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_a_text_becomes_one_vector_that_nobody_changes(encoder):
    embedding = encoder.embed("I am proud of how I played.")
    assert embedding.shape == (encoder.width,) == (384,)
    assert embedding.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        embedding[0] = 1


def test_a_later_text_leaves_an_earlier_vector_as_it_was(encoder):
    first = encoder.embed("The crowd was wonderful.")
    before = first.copy()
    encoder.embed("My shoulder hurts.")
    assert (first == before).all()
    assert (encoder.embed("The crowd was wonderful.") == first).all()


def test_texts_that_mean_alike_lie_closer_than_others(encoder):
    happy, glad, train = map(
        encoder.embed,
        ["I am so happy today.", "This fills me with joy!", "The train leaves at noon."],
    )
    assert cosine(happy, glad) > cosine(happy, train) + 0.2


def test_case_makes_no_difference_to_an_uncased_encoder(encoder):
    assert (encoder.embed("WHAT A MATCH") == encoder.embed("what a match")).all()


def test_a_text_stands_between_its_two_marks(encoder):
    first, *inside, last = encoder.token_ids("What a match")
    assert (first, last) == (CLS, SEP)
    assert len(inside) == 3


def test_of_a_long_text_the_newest_words_are_read(encoder):
    newest = "and now I only want to sleep"
    long = "it was a very long day " * 40 + newest
    ids, tail = encoder.token_ids(long), encoder.token_ids(newest)
    assert len(ids) == 128
    assert ids[0] == CLS
    assert ids[-len(tail) + 1 :] == tail[1:]
    longer = f"quite another beginning {long}"
    assert (encoder.embed(longer) == encoder.embed(long)).all()


def test_a_text_of_just_the_longest_length_is_whole(encoder):
    words = ["yes"] * 125 + ["no"]
    assert len(encoder.token_ids(" ".join(words))) == 128
    full, over = (encoder.token_ids(" ".join([first, *words])) for first in ("", "no"))
    assert full == over
    assert encoder.token_ids(" ".join(["no", *words[1:]])) != full


def test_no_text_has_a_vector_as_well(encoder):
    assert encoder.token_ids("") == [CLS, SEP]
    assert np.isfinite(encoder.embed("")).all()


def test_the_mask_is_one_token(encoder):
    assert encoder.mask_token == "[MASK]"
    assert encoder.token_ids(f"on the {encoder.mask_token} today").count(MASK) == 1


def test_the_encoder_says_by_name_and_weights_which_one_it_is(encoder, store):
    assert encoder.name == "minilm-l6"
    assert encoder.digest == store.digest("minilm-l6-weights")


@pytest.fixture
def files(tmp_path):
    """Make a tokenizer.json of a few words."""

    def make(*words):
        path = tmp_path / "tokenizer.json"
        vocabulary = {word: place for place, word in enumerate(words)}
        model = {"type": "WordLevel", "vocab": vocabulary, "unk_token": words[0]}
        path.write_text(json.dumps({"version": "1.0", "added_tokens": [], "model": model}))
        return path

    return make


def spec(*inputs, shape=(1, 384)):
    tokens = (TensorSpec(name, (1, None), np.int64) for name in inputs)
    return EngineSpec(tuple(tokens), (TensorSpec("embedding", shape, np.float32),))


BERT = spec("input_ids", "attention_mask")


def make(engine, tokenizer, max_tokens=128):
    return TextEncoder(engine, tokenizer, max_tokens=max_tokens, name="x", digest="y")


@pytest.mark.parametrize(
    "other",
    [
        spec("input_ids"),
        spec("input_ids", "attention_mask", "token_type_ids"),
        spec("input_ids", "attention_mask", shape=(1, None, 384)),
        EngineSpec(
            (TensorSpec("face", (1, 150, 150, 3), np.uint8),),
            (TensorSpec("embedding", (1, 128), np.float32),),
        ),
    ],
)
def test_a_model_of_another_kind_is_refused_by_name(fake_engine, files, other):
    with pytest.raises(EngineError, match=r"text encoder: .* not of this kind: expected int64 inp"):
        make(fake_engine(other, None), files("[UNK]", "[MASK]"))


def test_the_mask_of_another_family_is_found(fake_engine, files):
    encoder = make(fake_engine(BERT, None), files("<unk>", "<mask>"))
    assert encoder.mask_token == "<mask>"


def test_a_tokenizer_without_a_mask_is_refused(fake_engine, files):
    with pytest.raises(ModelError, match=r"tokenizer\.json: expected .* one of the tokens \[MASK"):
        make(fake_engine(BERT, None), files("[UNK]", "yes"))


@pytest.mark.parametrize("content", [None, "{", '{"version": "1.0"}'])
def test_a_file_that_is_no_tokenizer_is_refused(fake_engine, tmp_path, content):
    path = tmp_path / "tokenizer.json"
    if content:
        path.write_text(content)
    with pytest.raises(ModelError, match=r"tokenizer\.json: expected a tokenizer\.json"):
        make(fake_engine(BERT, None), path)


def test_a_length_without_room_for_a_word_is_refused(fake_engine, files):
    with pytest.raises(ValueError, match="max_tokens: expected at least 3, got 2"):
        make(fake_engine(BERT, None), files("[UNK]", "[MASK]"), max_tokens=2)


def refuses(config, models, kind, message):
    def open_one(name, path, *, outputs=None):
        raise AssertionError(f"{name} was opened")

    with pytest.raises(kind, match=message), open_text_encoder(config, models, open_one):
        pass


def test_a_profile_that_names_no_text_encoder_is_refused(tmp_path):
    models = ModelStore(tmp_path)
    for name in (None, "face-mesh", "face-embedding"):
        wanted = f"text.model: expected a text encoder of the manifest, got {name}"
        refuses(TextConfig(model=name), models, ConfigError, wanted)


def test_a_text_encoder_that_is_missing_is_told_with_its_tokenizer(tmp_path):
    wanted = "minilm-l6, minilm-l6-tokenizer are not in .* `subface models pull minilm-l6 "
    refuses(TextConfig(), ModelStore(tmp_path), ModelMissingError, wanted)


def test_leaving_the_context_closes_the_engine(fake_engine, need_model, store):
    need_model("minilm-l6")
    engine = fake_engine(BERT, None)

    def open_one(name, path, *, outputs=None):
        assert (name, Path(path).name) == ("minilm-l6", "minilm-l6.onnx")
        return engine

    with open_text_encoder(TextConfig(), store, open_one) as encoder:
        assert engine.is_open
        assert encoder.width == 384
    assert not engine.is_open
