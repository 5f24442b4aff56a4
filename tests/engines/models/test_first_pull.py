"""Models of which the manifest knows no digest: the first pull records it."""

import hashlib
import json

import pytest

from engines.errors import ModelDigestError, ModelSourceError
from engines.models.pull import pull

CONTENT = b"weights of a network " * 5000  # what the publisher serves
DIGEST = hashlib.sha256(CONTENT).hexdigest()
UNKNOWN = {"file": "net.onnx", "sha256": None, "size_bytes": None}


@pytest.fixture
def unknown(cache, publisher, entry):
    """Make a store whose model has a source, but neither digest nor size."""

    def make(path="/net"):
        source = {"kind": "publisher", "url": f"{publisher.url}{path}"}
        return cache({"net": entry(CONTENT, source) | UNKNOWN})

    return make


def test_the_first_pull_records_the_digest_beside_the_file_and_says_it(unknown, make_log):
    store, log = unknown(), make_log()
    pull(store, ["net"], log)
    assert store.path("net").read_bytes() == CONTENT
    assert store.digest("net") == DIGEST
    assert DIGEST in log.ends["net"]
    record = json.loads(store.place("net").with_name("net.onnx.json").read_text())
    assert record["sha256"] == DIGEST
    assert record["origin"].endswith("/net")


def test_a_file_that_changed_since_is_refused_and_pulled_again(unknown, make_log):
    store = unknown()
    pull(store, ["net"], make_log())
    store.place("net").write_bytes(b"x" * len(CONTENT))
    with pytest.raises(ModelDigestError, match=DIGEST):
        store.path("net")
    pull(store, ["net"], make_log())
    assert store.path("net").read_bytes() == CONTENT


def test_another_file_from_the_publisher_is_refused_after_the_first_pull(unknown, make_log):
    pull(unknown(), ["net"], make_log())
    later = unknown("/foreign")
    later.place("net").unlink()
    with pytest.raises(ModelDigestError, match=f"expected sha256 {DIGEST}"):
        pull(later, ["net"], make_log())
    assert not later.place("net").exists()


def test_a_digest_that_the_server_states_is_held_against_the_file(unknown, make_log):
    pull(unknown(f"/net?{DIGEST}"), ["net"], make_log())
    store = unknown(f"/net?{'0' * 64}")
    store.place("net").unlink()
    store.place("net").with_name("net.onnx.json").unlink()
    with pytest.raises(ModelDigestError, match=f"expected sha256 {'0' * 64}, got {DIGEST}"):
        pull(store, ["net"], make_log())


def test_a_file_put_there_by_hand_is_not_used_before_its_digest_is_recorded(
    unknown, publisher, make_log
):
    store, log = unknown(), make_log()
    store.place("net").parent.mkdir(parents=True)
    store.place("net").write_bytes(b"ours")
    assert not store.present("net")
    with pytest.raises(ModelDigestError, match=r"none was recorded; `subface models pull net`"):
        store.path("net")
    pull(store, ["net"], log)
    assert store.path("net").read_bytes() == b"ours"
    assert "was there" in log.ends["net"]
    assert publisher.requests == 0


def test_a_file_of_unknown_size_from_a_server_that_does_not_state_it_is_refused(unknown, make_log):
    with pytest.raises(ModelSourceError, match="does not state the size") as caught:
        pull(unknown("/unsized"), ["net"], make_log())
    assert str(unknown().place("net")) in str(caught.value)


def test_a_server_that_packs_what_it_sends_is_asked_for_the_file_as_it_is(unknown, make_log):
    store = unknown("/packed")  # packed, its stated size is not that of the file
    pull(store, ["net"], make_log())
    assert store.path("net").read_bytes() == CONTENT


def test_a_download_of_unknown_digest_that_breaks_off_leaves_nothing(unknown, make_log, leftovers):
    store = unknown("/truncated")
    with pytest.raises(ModelSourceError):
        pull(store, ["net"], make_log())
    assert leftovers(store) == []
