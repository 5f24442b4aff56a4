import json
import subprocess
import sys

import pytest

from stream.cli import main

FRAMEWORKS = ("numpy", "cv2", "av", "openvino", "onnxruntime", "torch", "aiomqtt")


def test_help_names_every_verb(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(
        verb in out for verb in ("run", "demo", "check", "models", "watch", "schema", "compare")
    )


@pytest.mark.parametrize("verb", ["run", "demo", "check", "watch", "schema", "models", "compare"])
def test_every_verb_explains_itself(capsys, verb):
    assert main([verb, "--help"]) == 0
    assert "Usage: subface" in capsys.readouterr().out


def test_help_imports_no_framework():
    code = (
        "import sys; from stream.cli import main; main(['run', '--help']);"
        f"print([name for name in {FRAMEWORKS!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_an_unknown_verb_is_a_usage_error(capsys):
    assert main(["rnu"]) == 2
    assert "No such command" in capsys.readouterr().err


def test_a_configuration_error_is_one_line(capsys):
    assert main(["run", "clip.mp4", "--set", "reading.hops_s=1"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("subface: ")
    assert "did you mean 'hop_s'" in err
    assert err.count("\n") == 1


def test_the_schema_goes_to_stdout(capsys):
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$id"] == "urn:subface:reading:1"


def test_the_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("subface 0.")
