"""The live path needs no training framework: it runs with them made unimportable."""

import json
import subprocess
import sys

BLOCKED = ("torch", "torchvision", "transformers", "ultralytics")

PROGRAM = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED!r}:
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, Refuse())
from stream.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_the_monitor_runs_without_training_frameworks(media, store, tmp_path):
    out = tmp_path / "records.jsonl"
    source = media / "grid/bbaf2n.mpg"
    words = ["run", source, "--jsonl", out, "--mqtt", "off", "--pace", "fast", "--quiet"]
    subprocess.run([sys.executable, "-c", PROGRAM, *map(str, words)], check=True)
    records = [json.loads(line) for line in out.read_text().splitlines()]
    readings = [record for record in records if record["kind"] == "reading"]
    assert any(reading["surface"] for reading in readings)


def test_the_block_blocks():
    program = PROGRAM.replace("from stream.cli import main", "import torch")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "torch is blocked" in done.stderr
