import hashlib
import json
import textwrap

import pytest

from engines.errors import ConfigError, ModelSourceError
from engines.models import convert
from engines.models.pull import pull

CONTENT = b"weights of a network " * 5000  # what the publisher serves


def digest(content):
    return hashlib.sha256(content).hexdigest()


def at(url):
    return {"kind": "publisher", "url": url}


@pytest.fixture
def derived(cache, publisher, entry):
    graph = {
        "about": "",
        "file": "graph.onnx",
        "licence": "MIT",
        "used_by": ["x"],
        "made_from": "net",
        "recipe": "person-boxes",
        "revision": 1,
        "canvas_hw": [32, 64],
    }
    return cache({"graph": graph, "net": entry(CONTENT, at(f"{publisher.url}/net"))})


@pytest.fixture
def converter(tmp_path, monkeypatch):
    """Put a program in the place of the Python that converts."""

    def install(script):
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\n{textwrap.dedent(script)}")
        program.chmod(0o755)
        monkeypatch.setenv(convert.VARIABLE, str(program))

    return install


PROVENANCE = {
    "sha256": digest(b"graph"),
    "size_bytes": 5,
    "made_from_sha256": digest(CONTENT),
    "recipe": "person-boxes",
    "revision": 1,
    "canvas_hw": [32, 64],
    "tools": {},
}
CONVERTS = f"""
    out=$9
    printf graph > "$out"
    printf '%s' '{json.dumps(PROVENANCE)}' > "$out.json"
"""


def test_a_derived_model_is_converted_from_what_is_downloaded_first(derived, converter, make_log):
    converter(CONVERTS)
    log = make_log()
    pull(derived, ["graph"], log)
    assert list(log.ends) == ["net", "graph"]
    assert derived.path("graph").read_bytes() == b"graph"


def test_a_derived_model_that_is_there_needs_nothing_else(derived, converter, publisher, make_log):
    converter(CONVERTS)
    pull(derived, ["graph"], make_log())
    derived.place("net").unlink()
    log = make_log()
    pull(derived, ["graph"], log)
    assert log.ends == {"graph": "is there"}
    assert publisher.requests == 1


def test_derived_models_can_be_left_for_later(derived, monkeypatch, make_log):
    monkeypatch.setenv(convert.VARIABLE, "/nowhere/python")
    log = make_log()
    pull(derived, ["graph", "net"], log, derive=False)
    assert list(log.ends) == ["net"]


def test_a_conversion_that_fails_is_told_by_its_last_line_and_its_command(
    derived, converter, make_log
):
    converter("echo starting >&2; echo 'ImportError: no torch' >&2; exit 1")
    with pytest.raises(
        ModelSourceError, match=r"'graph'.*failed: ImportError: no torch; run it"
    ) as e:
        pull(derived, ["graph"], make_log())
    assert "engines.build.onnx_export person-boxes" in str(e.value)


def test_without_the_building_environment_its_command_is_named(
    derived, monkeypatch, tmp_path, make_log
):
    monkeypatch.delenv(convert.VARIABLE, raising=False)
    monkeypatch.setattr(convert, "CHECKOUT", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelSourceError, match=r"model 'graph'.*`make build-env`"):
        pull(derived, ["graph"], make_log())
    assert derived.present("net")


def test_the_building_environment_of_the_working_folder_is_found(monkeypatch, tmp_path):
    monkeypatch.delenv(convert.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    python = tmp_path / convert.BUILD_PYTHON
    python.parent.mkdir(parents=True)
    python.touch()
    assert convert.build_python() == python


def test_a_stated_building_python_that_is_not_there_is_a_wrong_setting(monkeypatch):
    monkeypatch.setenv(convert.VARIABLE, "/nowhere/python")
    with pytest.raises(ConfigError, match=r"SUBFACE_BUILD_PYTHON=/nowhere/python: no such file"):
        convert.build_python()
