import io
import json
import subprocess
import sys

import pytest
import yaml
from rich.console import Console

from engines.models.manifest import shipped_manifest
from engines.models.pull_display import PullDisplay
from stream.cli import main

CONTENT = b"weights of a network " * 5000  # what the publisher serves


@pytest.fixture
def verb(tmp_path, publisher, entry, capsys):
    """Run `subface models` on a manifest of one model and an empty cache."""
    values = {
        "schema": 1,
        "packages": {},
        "models": {
            "net": entry(CONTENT, {"kind": "publisher", "url": f"{publisher.url}/net"})
            | {"used_by": ["embedded"]},
            "later": entry(CONTENT, {"kind": "publisher", "url": f"{publisher.url}/gone"}),
        },
    }
    manifest = tmp_path / "models.yaml"
    manifest.write_text(yaml.safe_dump(values, sort_keys=False))

    def run(*words):
        places = ["--cache", str(tmp_path / "cache"), "--manifest", str(manifest)]
        code = main(["models", *words, *places])
        return code, *capsys.readouterr()

    return run


def test_the_verb_itself_imports_no_framework():
    heavy = {"numpy", "pydantic", "requests", "rich.progress", "openvino", "yaml"}
    code = f"import sys, engines.models.verbs; sys.exit(bool({heavy!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_list_as_json_is_the_manifest_with_what_is_there(verb):
    code, out, _ = verb("list", "--json")
    net, later = json.loads(out)
    assert (code, net["name"], net["present"], later["present"]) == (0, "net", False, False)
    assert net["sources"][0]["kind"] == "publisher"


def test_the_list_is_a_table_with_one_line_a_model(verb):
    verb("pull")
    _, out, _ = verb("list")
    lines = out.splitlines()
    assert lines[0].split() == ["name", "MB", "licence", "present", "groups", "what"]
    assert [line.split()[:4] for line in lines[1:3]] == [
        ["net", "0.1", "MIT", "yes"],
        ["later", "0.1", "MIT", "no"],
    ]


def test_the_shipped_manifest_is_listed_by_default(capsys):
    assert main(["models", "list"]) == 0
    out = capsys.readouterr().out
    assert all(f"{name} " in out for name in shipped_manifest().models)


def test_a_pull_says_one_line_a_model_on_stderr_and_nothing_on_stdout(verb):
    code, out, err = verb("pull")
    assert (code, out) == (0, "")
    (line,) = err.splitlines()
    assert line.startswith("net: 0.1 MB from http://127.0.0.1:")


def test_a_model_of_several_files_is_pulled_listed_and_verified_by_one_name(
    tmp_path, publisher, entry, capsys
):
    file = entry(CONTENT, {"kind": "publisher", "url": f"{publisher.url}/net"})
    common = {key: file.pop(key) for key in ("about", "licence", "used_by")}
    files = [file | {"file": name} for name in ("model.bin", "config.json")]
    values = {"ears": common | {"format": "ctranslate2", "files": files}}
    manifest = tmp_path / "models.yaml"
    manifest.write_text(yaml.safe_dump({"schema": 1, "packages": {}, "models": values}))
    places = ["--cache", str(tmp_path / "cache"), "--manifest", str(manifest)]

    assert main(["models", "pull", "ears", *places]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" from ")[0] for line in lines] == [
        "ears: model.bin: 0.1 MB",
        "ears: config.json: 0.1 MB",
        "ears: 2 files, 0.2 MB",
    ]
    main(["models", "list", *places])
    assert capsys.readouterr().out.splitlines()[1].split()[:4] == ["ears", "0.2", "MIT", "yes"]
    main(["models", "list", "--json", *places])
    (record,) = json.loads(capsys.readouterr().out)
    assert [part["file"] for part in record["files"]] == ["model.bin", "config.json"]
    assert record["path"] == str(tmp_path / "cache" / "models" / "ears")
    assert main(["models", "verify", "ears", *places]) == 0
    (tmp_path / "cache" / "models" / "ears" / "config.json").unlink()
    assert main(["models", "verify", "ears", *places]) == 2
    assert "config.json is not there" in capsys.readouterr().out


def test_a_pull_that_fails_is_one_line_and_exit_code_2(verb):
    code, _, err = verb("pull", "later")
    assert code == 2
    assert err.splitlines()[-1].startswith("subface: model 'later': no source gave it: 127.0.0.1")


def test_verify_prints_digests_of_what_is_right(verb):
    verb("pull")
    code, out, _ = verb("verify")
    assert code == 0
    assert out.startswith("net: ok ")


def test_verify_names_the_remedy_of_what_is_missing_and_returns_2(verb):
    code, out, _ = verb("verify", "--all")
    assert code == 2
    assert "`subface models pull later`" in out


def test_verify_can_be_silent(verb):
    assert verb("verify", "net", "--quiet") == (2, "", "")


def test_names_and_groups_exclude_each_other(verb):
    code, _, err = verb("pull", "net", "--for", "embedded")
    assert (code, err) == (
        2,
        "subface: names, --for and --all exclude each other: give one of them\n",
    )


def test_an_unknown_model_is_one_line_with_the_nearest_name(verb):
    code, _, err = verb("pull", "nett")
    assert code == 2
    assert "did you mean 'net'?" in err


def test_on_a_terminal_the_bar_gives_way_to_the_line_that_says_where_it_came_from():
    screen = io.StringIO()
    with PullDisplay(Console(file=screen, force_terminal=True, width=100)) as display:
        display.begin("net", 1000)
        display.advance("net", 400)
        display.note("net", "publisher: broke off")
        display.begin("net", 1000)
        display.advance("net", 1000)
        display.end("net", "1.0 kB from package x")
    assert "net: 1.0 kB from package x" in screen.getvalue()
