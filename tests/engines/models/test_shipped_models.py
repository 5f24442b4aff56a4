import pytest

from engines.errors import ModelDigestError, ModelMissingError, ModelSourceError
from engines.models import store as model_store
from engines.models.pull import pull

CONTENT = b"weights of our own" * 100


@pytest.fixture
def shipped_file(tmp_path, monkeypatch):
    """Where a model lies that is part of Subface."""
    monkeypatch.setattr(model_store, "SHIPPED", tmp_path / "package")
    path = tmp_path / "package" / "starter" / "net.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def store(cache, entry):
    return cache({"net": entry(CONTENT, {"kind": "shipped", "path": "starter/net.onnx"})})


def test_a_shipped_model_is_there_without_a_pull_and_used_where_it_lies(store, shipped_file):
    store.require(["net"])
    assert store.present("net")
    assert store.path("net") == shipped_file
    assert store.size_bytes("net") == len(CONTENT)


def test_a_pull_leaves_a_shipped_model_where_it_is(store, shipped_file, make_log):
    log = make_log()
    pull(store, ["net"], log)
    assert log.ends == {"net": "is there"}
    assert not store.folder("net").exists()


def test_a_shipped_model_that_was_changed_is_refused(store, shipped_file, make_log):
    shipped_file.write_bytes(CONTENT[::-1])
    with pytest.raises(ModelDigestError, match=r"net\.onnx: expected sha256"):
        store.path("net")
    with pytest.raises(ModelSourceError, match="it is part of Subface; install Subface again"):
        pull(store, ["net"], make_log())


def test_a_shipped_model_that_was_removed_is_missed(store, shipped_file):
    shipped_file.unlink()
    assert not store.present("net")
    with pytest.raises(ModelMissingError, match="net is not in"):
        store.require(["net"])
