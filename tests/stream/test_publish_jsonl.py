import subprocess
import sys
from pathlib import Path

import pytest

from engines.errors import ConfigError, SubfaceError
from stream.publish.jsonl import JsonlWriter
from stream.records import from_json, to_json


async def test_every_record_is_a_line_the_session_first_and_the_summary_last(tmp_path, samples):
    path = tmp_path / "out.jsonl"
    records = samples.every_kind()
    async with JsonlWriter(path) as writer:
        for record in records:
            await writer.put(record)
        assert (writer.count.received, writer.count.delivered, writer.count.drops) == (8, 8, {})
    written = [from_json(line) for line in path.read_bytes().splitlines()]
    assert written == records
    assert (written[0].kind, written[-1].kind) == ("session", "summary")


async def test_a_line_is_whole_in_the_file_as_soon_as_it_was_put(tmp_path, samples):
    path = tmp_path / "out.jsonl"
    async with JsonlWriter(path) as writer:
        for n, reading in enumerate(samples.readings(3), start=1):
            await writer.put(reading)
            text = path.read_text(encoding="utf-8")
            assert text.count("\n") == n
            assert text.endswith("\n")


async def test_what_was_in_the_file_before_is_replaced(tmp_path, samples):
    path = tmp_path / "out.jsonl"
    path.write_text("yesterday\n")
    async with JsonlWriter(path) as writer:
        await writer.put(samples.session())
    assert "yesterday" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["absent/out.jsonl", "."])
async def test_a_path_that_cannot_be_written_is_told_before_the_run(tmp_path, name):
    with pytest.raises(ConfigError, match=r"--jsonl .*cannot be written"):
        async with JsonlWriter(tmp_path / name):
            pass


async def test_a_full_disk_is_told_in_the_run_and_counted(samples):
    async with JsonlWriter(Path("/dev/full")) as writer:
        with pytest.raises(SubfaceError, match="/dev/full: record 1 cannot be written: No space"):
            await writer.put(samples.session())
        assert (writer.count.received, writer.count.delivered) == (1, 0)
        assert writer.count.drops == {"failed": 1}


TO_STDOUT = """
import asyncio, sys
from pathlib import Path
from stream.publish.jsonl import JsonlWriter
from stream.records import from_json

async def main():
    async with JsonlWriter(Path("-")) as writer:
        await writer.put(from_json(sys.stdin.read()))

asyncio.run(main())
print("still open")
"""


def test_a_dash_is_stdout(samples):
    record = samples.session()
    done = subprocess.run(
        [sys.executable, "-c", TO_STDOUT], input=to_json(record), capture_output=True, check=True
    )
    line, after = done.stdout.splitlines()
    assert from_json(line) == record
    assert after == b"still open"
