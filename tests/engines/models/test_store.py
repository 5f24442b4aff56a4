import hashlib
import json
import os

import pytest
from platformdirs import user_cache_path

from engines.errors import ConfigError, ModelDigestError, ModelMissingError
from engines.models.manifest import Manifest
from engines.models.store import ModelStore, cache_root

WEIGHTS = b"weights" * 100
GRAPH = b"graph" * 100


def digest(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def small(tmp_path):
    """A store of one downloaded and one derived model, both absent."""
    manifest = Manifest.model_validate(
        {
            "schema": 1,
            "packages": {},
            "models": {
                "net": {
                    "about": "",
                    "file": "net.pt",
                    "licence": "MIT",
                    "used_by": ["x"],
                    "sha256": digest(WEIGHTS),
                    "size_bytes": len(WEIGHTS),
                    "sources": [{"kind": "publisher", "url": "https://example.invalid/net.pt"}],
                },
                "graph": {
                    "about": "",
                    "file": "graph.onnx",
                    "licence": "MIT",
                    "used_by": ["x"],
                    "made_from": "net",
                    "recipe": "person-boxes",
                    "revision": 2,
                    "canvas_hw": [32, 64],
                },
            },
        }
    )
    return ModelStore(tmp_path, manifest)


def put(store, name, content, **provenance):
    path = store.place(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if provenance:
        written = {
            "sha256": digest(content),
            "size_bytes": len(content),
            "made_from_sha256": digest(WEIGHTS),
            "recipe": "person-boxes",
            "revision": 2,
            "canvas_hw": [32, 64],
            "tools": {"torch": "2"},
        }
        path.with_name(f"{path.name}.json").write_text(json.dumps(written | provenance))
    return path


def test_a_file_with_the_right_digest_is_handed_out(small):
    path = put(small, "net", WEIGHTS)
    assert small.path("net") == path
    assert small.digest("net") == digest(WEIGHTS)
    assert small.present("net")


def test_a_missing_file_is_answered_with_the_command_that_brings_it(small):
    with pytest.raises(ModelMissingError, match="`subface models pull net`"):
        small.path("net")
    assert not small.present("net")


def test_an_unknown_name_is_answered_with_the_nearest_one(small):
    with pytest.raises(ConfigError, match="did you mean 'graph'"):
        small.path("grahp")


def test_a_foreign_file_is_refused_with_both_digests_and_the_remedy(small):
    put(small, "net", WEIGHTS[::-1])
    with pytest.raises(ModelDigestError) as caught:
        small.path("net")
    for part in (digest(WEIGHTS), digest(WEIGHTS[::-1]), "subface models pull net"):
        assert part in str(caught.value)


def test_a_truncated_file_does_not_count_as_present(small):
    put(small, "net", WEIGHTS[:-1])
    assert not small.present("net")


def test_a_file_that_changes_after_it_was_checked_is_checked_again(small):
    put(small, "net", WEIGHTS)
    small.path("net")
    put(small, "net", WEIGHTS + b"!")
    with pytest.raises(ModelDigestError):
        small.path("net")


def test_verify_notices_a_change_that_left_size_and_time_as_they_were(small):

    path = put(small, "net", WEIGHTS)
    small.path("net")
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"X")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ModelDigestError):
        small.verify("net")


def test_a_derived_file_is_checked_against_what_lies_beside_it(small):
    path = put(small, "graph", GRAPH, revision=2)
    assert small.path("graph") == path
    assert small.present("graph")


def test_a_derived_file_without_provenance_is_refused(small):
    put(small, "graph", GRAPH)
    with pytest.raises(ModelDigestError, match="nothing beside it says"):
        small.path("graph")
    assert not small.present("graph")


def test_a_derived_file_with_a_damaged_provenance_is_refused(small):
    path = put(small, "graph", GRAPH)
    path.with_name(f"{path.name}.json").write_text("{")
    with pytest.raises(ModelDigestError, match="nothing beside it says"):
        small.path("graph")


@pytest.mark.parametrize(
    "otherwise",
    [
        {"made_from_sha256": "0" * 64},
        {"revision": 1},
        {"canvas_hw": [64, 64]},
        {"recipe": "another"},
    ],
)
def test_a_derived_file_that_was_made_otherwise_is_refused(small, otherwise):
    put(small, "graph", GRAPH, **otherwise)
    with pytest.raises(ModelDigestError, match=f"made otherwise: {next(iter(otherwise))}"):
        small.path("graph")
    assert not small.present("graph")


def test_a_derived_file_that_was_altered_later_is_refused(small):
    put(small, "graph", GRAPH[::-1], sha256=digest(GRAPH))
    with pytest.raises(ModelDigestError, match="expected sha256"):
        small.path("graph")


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("SUBFACE_CACHE", str(tmp_path))
    assert ModelStore().root == tmp_path


def test_the_cache_is_the_users_own_by_default(monkeypatch):
    monkeypatch.delenv("SUBFACE_CACHE", raising=False)
    assert cache_root() == user_cache_path("subface", appauthor=False)


def test_everything_that_the_demo_needs_is_what_the_manifest_says(store):
    for name in store.manifest.group("demo"):
        assert store.verify(name).exists()
