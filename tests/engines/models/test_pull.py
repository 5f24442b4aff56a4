import hashlib
import threading

import pytest
from filelock import FileLock

from engines.errors import ModelDigestError, ModelSourceError
from engines.models.pull import pull

CONTENT = b"weights of a network " * 5000  # what the publisher serves
OTHER = b"another network      " * 5000


def digest(content):
    return hashlib.sha256(content).hexdigest()


def at(url):
    return {"kind": "publisher", "url": url}


def test_a_file_comes_from_its_publisher(cache, publisher, make_log, entry):
    store, log = cache({"net": entry(CONTENT, at(f"{publisher.url}/net"))}), make_log()
    pull(store, ["net"], log)
    assert store.path("net").read_bytes() == CONTENT
    assert log.bytes == len(CONTENT)
    assert publisher.url in log.ends["net"]


def test_a_hub_is_asked_through_the_mirror_that_is_named(cache, publisher, make_log, entry):
    source = {"kind": "hub", "repo": "who/what", "path": "net.bin"}
    store = cache({"net": entry(CONTENT, source)})
    pull(store, ["net"], make_log(), hub=publisher.url)
    assert store.present("net")


@pytest.mark.parametrize(
    ("path", "error", "reason"),
    [
        ("gone", ModelSourceError, "it answers 404 Not Found"),
        ("truncated", ModelSourceError, "broke off"),
        ("unsized", ModelDigestError, f"truncated, 100 of {len(CONTENT)} bytes"),
        ("foreign", ModelDigestError, f"expected sha256 {digest(CONTENT)}"),
        ("silent", ModelSourceError, "fell silent"),
    ],
)
def test_what_is_not_the_file_is_refused_and_leaves_nothing(
    *, cache, publisher, path, error, reason, make_log, entry, leftovers
):
    store = cache({"net": entry(CONTENT, at(f"{publisher.url}/{path}"))})
    with pytest.raises(error, match=reason):
        pull(store, ["net"], make_log())
    assert leftovers(store) == []


def test_a_server_that_sends_more_than_the_file_is_cut_off(
    cache, publisher, make_log, entry, leftovers
):
    store = cache({"net": entry(CONTENT[:1000], at(f"{publisher.url}/net"))})
    with pytest.raises(ModelSourceError, match="more than the 1000 bytes"):
        pull(store, ["net"], make_log())
    assert leftovers(store) == []


def test_a_kind_of_source_that_a_model_lacks_is_said(cache, publisher, make_log, entry):
    store = cache({"net": entry(CONTENT, at(f"{publisher.url}/net"))})
    with pytest.raises(ModelSourceError, match="no source of this kind"):
        pull(store, ["net"], make_log(), origin="package")


def test_what_is_there_and_right_stays_untouched(cache, publisher, make_log, entry):
    store = cache({"net": entry(CONTENT, at(f"{publisher.url}/net"))})
    pull(store, ["net"], make_log())
    log = make_log()
    pull(store, ["net"], log)
    assert publisher.requests == 1
    assert log.ends == {"net": "is there"}


def test_what_is_damaged_is_replaced(cache, publisher, make_log, entry):
    store = cache({"net": entry(CONTENT, at(f"{publisher.url}/net"))})
    store.place("net").parent.mkdir(parents=True)
    store.place("net").write_bytes(OTHER)
    pull(store, ["net"], make_log())
    assert store.path("net").read_bytes() == CONTENT


def test_one_model_that_fails_leaves_the_others_alone(cache, publisher, make_log, entry):
    store = cache(
        {
            "bad": entry(CONTENT, at(f"{publisher.url}/gone")),
            "net": entry(CONTENT, at(f"{publisher.url}/net")),
            "worse": entry(OTHER, at(f"{publisher.url}/gone")),
        }
    )
    with pytest.raises(ModelSourceError, match=r"model 'bad'.*model 'worse'"):
        pull(store, ["bad", "net", "worse"], make_log())
    assert store.present("net")


def test_two_pulls_take_turns(cache, publisher, make_log, entry):
    store, log = cache({"net": entry(CONTENT, at(f"{publisher.url}/net"))}), make_log()
    store.root.mkdir()
    with FileLock(store.root / "pull.lock"):
        second = threading.Thread(target=pull, args=(store, ["net"], log))
        second.start()
        assert log.noted.wait(10)
        assert not store.present("net")
    second.join(10)
    assert log.noted_times("waiting") == 1
    assert store.present("net")
