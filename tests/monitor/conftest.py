"""The whole monitor on real input, as a user runs it: arguments in, records out."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest

from stream.cli import main
from stream.records import json_schema

POLL_S = 0.05


class Run(NamedTuple):
    code: int
    records: list

    def of(self, kind):
        return [record for record in self.records if record["kind"] == kind]

    @property
    def readings(self):
        """What was published; a run that published nothing proves nothing."""
        readings = self.of("reading")
        assert readings, "nothing was published"
        return readings

    @property
    def summary(self):
        (summary,) = self.of("summary")
        return summary


def parse(path):
    lines = Path(path).read_text().splitlines() if Path(path).exists() else []
    return [json.loads(line) for line in lines]


def validated(records):
    validator = jsonschema.Draft202012Validator(json_schema())
    for record in records:
        validator.validate(record)
    return records


@pytest.fixture
def run_monitor(tmp_path, store):
    """Run `subface run` in this process to its end; every record is held against the schema.

    Nobody listens unless that is what a test is about: it doubles the time of a run.
    """

    def run(*arguments, mqtt="off", pace="fast", hears=False):
        out = tmp_path / "records.jsonl"
        ears = [] if hears else ["--set", "speech.model=null"]
        words = ["run", *map(str, arguments), "--jsonl", str(out), "--mqtt", mqtt, "--quiet", *ears]
        code = main([*words, "--pace", pace])
        return Run(code, validated(parse(out)))

    return run


class Monitor:
    """`subface run` in a process of its own, watched through its JSON lines."""

    def __init__(self, out, log, process):
        self._out = out
        self._log = log
        self.process = process

    @property
    def records(self):
        # the last line may be half written
        lines = self._out.read_text().splitlines(keepends=True) if self._out.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    @property
    def log(self):
        return self._log.read_text()

    def of(self, kind):
        return [record for record in self.records if record["kind"] == kind]

    def wait_for(self, condition, *, within_s=30.0):
        """Wait until the condition holds of the monitor; fail with its log if it does not."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            result = condition(self)
            if result:
                return result
            if self.process.poll() is not None:
                break
            time.sleep(POLL_S)
        pytest.fail(f"it did not come to that; exit {self.process.poll()}, log:\n{self.log}")

    def interrupt(self, number=signal.SIGINT):
        """Ask it to stop and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=20)


@pytest.fixture
def start_monitor(tmp_path, store):
    started = []

    def start(*arguments, mqtt="off", env=None):
        out, log = tmp_path / f"records{len(started)}.jsonl", tmp_path / f"log{len(started)}.txt"
        words = ["run", *map(str, arguments), "--jsonl", str(out), "--mqtt", mqtt, "--quiet"]
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "stream.cli", *words], stderr=stderr, env=env
            )
        monitor = Monitor(out, log, process)
        started.append(monitor)
        return monitor

    yield start
    for monitor in started:
        with contextlib.suppress(ProcessLookupError):
            monitor.process.kill()
        monitor.process.wait()
