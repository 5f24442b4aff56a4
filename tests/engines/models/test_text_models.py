"""Models that read: converted like the others, and nothing without their tokenizer."""

import hashlib
import json

import pytest

from engines.errors import ConfigError, ModelMissingError
from engines.models import convert
from engines.models.pull import pull

CONTENT = b"weights of a network " * 5000  # what the publisher serves
READS = {
    "about": "",
    "file": "reads.onnx",
    "licence": "MIT",
    "used_by": ["x"],
    "made_from": "net",
    "recipe": "text-encoder",
    "revision": 1,
    "tokens": 128,
    "tokenizer": "pieces",
    "options": {"pooling": "mean"},
}


@pytest.fixture
def reading(cache, publisher, entry):
    """Make a store of one network that reads, its weights and its tokenizer, all absent."""

    def make(**changed):
        source = {"kind": "publisher", "url": f"{publisher.url}/net"}
        pieces = entry(CONTENT, source) | {"file": "tokenizer.json"}
        return cache({"reads": READS | changed, "net": entry(CONTENT, source), "pieces": pieces})

    return make


@pytest.fixture
def converter(tmp_path, monkeypatch):
    """Put a program in the place of the Python that converts; it keeps what it was asked for."""
    provenance = {
        "sha256": hashlib.sha256(b"graph").hexdigest(),
        "size_bytes": 5,
        "made_from_sha256": hashlib.sha256(CONTENT).hexdigest(),
        "recipe": "text-encoder",
        "revision": 1,
        "tokens": 128,
        "options": {"pooling": "mean"},
        "tools": {},
    }
    program, asked = tmp_path / "python", tmp_path / "asked"
    program.write_text(
        f'#!/bin/sh\necho "$@" > {asked}\nprintf graph > "$9"\n'
        f"printf '%s' '{json.dumps(provenance)}' > \"$9.json\"\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv(convert.VARIABLE, str(program))
    return asked


def test_a_pull_brings_the_tokenizer_too(reading, converter, make_log):
    store, log = reading(), make_log()
    pull(store, ["reads"], log)
    assert sorted(log.ends) == ["net", "pieces", "reads"]
    assert store.tokenizer("reads") == store.path("pieces")
    assert store.path("reads").read_bytes() == b"graph"


def test_the_recipe_is_told_how_long_a_text_may_be(reading, converter, make_log):
    store = reading()
    pull(store, ["reads"], make_log())
    asked = converter.read_text().split()
    assert asked[:3] == ["-m", "engines.build.text_encoder_export", "text-encoder"]
    assert asked[3:] == [
        *("--weights", str(store.place("net")), "--tokens", "128"),
        *("--out", str(store.place("reads")), "--pooling=mean"),
    ]


def test_a_graph_for_shorter_texts_is_made_anew(reading, converter, make_log):
    pull(reading(), ["reads"], make_log())
    assert reading().present("reads")
    assert not reading(tokens=256).present("reads")


def test_a_tokenizer_that_is_missing_is_named_with_its_network(reading):
    with pytest.raises(ModelMissingError, match="`subface models pull reads pieces`"):
        reading().require(["reads"])


def test_the_tokenizer_comes_even_if_conversions_are_left_for_later(reading, make_log):
    log = make_log()
    pull(reading(), ["reads"], log, derive=False)
    assert list(log.ends) == ["pieces"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"canvas_hw": [32, 64]}, "canvas_hw: the recipe text-encoder takes no canvas_hw"),
        ({"tokens": None}, "tokens: the recipe text-encoder needs tokens"),
        ({"tokenizer": None}, "tokenizer: the recipe text-encoder needs tokenizer"),
        ({"tokenizer": "absent"}, "tokenizer: 'absent' is no downloaded model of one file"),
        ({"recipe": "person-boxes"}, "canvas_hw: the recipe person-boxes needs canvas_hw"),
    ],
)
def test_an_entry_says_what_its_recipe_takes_and_no_more(reading, changed, reason):
    with pytest.raises(ValueError, match=reason):
        reading(**changed)


def test_a_model_that_reads_no_text_has_no_tokenizer(reading):
    with pytest.raises(ConfigError, match="'net' has no tokenizer: it reads no text"):
        reading().tokenizer("net")
