import asyncio
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from engines.errors import ModelMissingError
from stream import child as child_module
from stream.child import Child
from stream.errors import ChildDiedError


@contextmanager
def diary(path):
    """A resource that writes down what happens to it, and in which process."""

    def note(what):
        with path.open("a") as file:
            file.write(f"{what} {os.getpid()}\n")

    note("open")
    try:
        yield note
    finally:
        note("close")


def write(note, what):
    note(what)
    return os.getpid()


def write_slowly(note, what, s):
    time.sleep(s)
    note(what)


def fail(_, error):
    raise error


def settings(_):
    stdout, stderr = (Path(f"/proc/self/fd/{number}").readlink() for number in (1, 2))
    return os.environ.get("OMP_NUM_THREADS"), stdout == stderr, logging.getLogger().level


def end(_, code):
    os._exit(code)


def work(_, s):
    ending_s = time.process_time() + s
    while time.process_time() < ending_s:
        pass


class UnportableError(Exception):
    def __init__(self, one, other):
        super().__init__(f"{one} and {other}")


@contextmanager
def missing():
    raise ModelMissingError("whisper-base: not in the cache")
    yield


@contextmanager
def closes_never():
    yield None
    time.sleep(60)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "diary"


@pytest.fixture
def child(path):
    return Child("diary", partial(diary, path), threads=1)


def events(path):
    return [line.split()[0] for line in path.read_text().splitlines()]


def is_over(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_one_process_of_its_own_opens_calls_and_closes(child, path):
    async with child:
        pid = await child.call(write, "call")
        assert pid == child.pid
    lines = [line.split() for line in path.read_text().splitlines()]
    assert [event for event, _ in lines] == ["open", "call", "close"]
    assert {where for _, where in lines} == {str(pid)}
    assert pid != os.getpid()
    assert is_over(pid)


async def test_calls_are_made_in_their_order(child, path):
    async with child, asyncio.TaskGroup() as tasks:
        tasks.create_task(child.call(write_slowly, "first", 0.2))
        for name in ("second", "third", "fourth"):
            tasks.create_task(child.call(write, name))
    assert events(path) == ["open", "first", "second", "third", "fourth", "close"]


async def test_a_cancelled_call_ends_before_the_resource_is_closed(child, path):
    with pytest.raises(TimeoutError):
        async with child:
            async with asyncio.timeout(0.05):
                await child.call(write_slowly, "done", 0.3)
    assert events(path) == ["open", "done", "close"]


async def test_the_event_loop_goes_on_while_it_opens_calls_and_closes(child):
    longest_s = 0.0

    async def tick():
        nonlocal longest_s
        while True:
            before_s = time.monotonic()
            await asyncio.sleep(0.01)
            longest_s = max(longest_s, time.monotonic() - before_s)

    ticking = asyncio.create_task(tick())
    async with child:
        await child.call(write_slowly, "done", 0.5)
    ticking.cancel()
    assert longest_s < 0.45  # shorter than the call, the start or the end take


async def test_an_error_reaches_the_caller_as_itself_and_harms_nothing(child):
    async with child:
        with pytest.raises(ModelMissingError, match="not in the cache"):
            await child.call(fail, ModelMissingError("not in the cache"))
        assert await child.call(write, "after") == child.pid


async def test_an_error_that_is_not_portable_is_told_in_words(child):
    async with child:
        with pytest.raises(RuntimeError, match="UnportableError: one and other"):
            await child.call(partial(fail_with, "one", "other"))
        assert await child.call(write, "after") == child.pid


def fail_with(one, other, _):
    raise UnportableError(one, other)


async def test_a_resource_that_cannot_be_opened_says_why_and_leaves_no_process():
    with pytest.raises(ModelMissingError, match="whisper-base"):
        async with Child("speech", missing):
            pass
    assert multiprocessing.active_children() == []


async def test_a_killed_process_is_named_with_its_signal(child):
    async with child:
        call = asyncio.create_task(child.call(write_slowly, "never", 30))
        waiting = asyncio.create_task(child.call(write, "never"))
        await asyncio.sleep(0.1)
        os.kill(child.pid, signal.SIGKILL)
        for one in (call, waiting):
            with pytest.raises(ChildDiedError, match=r"the diary process .* signal 9 \(Killed\)"):
                await one
        with pytest.raises(ChildDiedError, match="signal 9"):
            await child.call(write, "later")


async def test_a_process_that_ends_is_named_with_its_exit_code(child):
    async with child:
        with pytest.raises(ChildDiedError, match="exit code 7"):
            await child.call(end, 7)


async def test_a_queued_call_may_be_cancelled_before_the_process_dies(child):
    async with child:
        call = asyncio.create_task(child.call(write_slowly, "never", 30))
        waiting = [asyncio.create_task(child.call(write, "never")) for _ in range(4)]
        await asyncio.sleep(0.1)
        for one in waiting:
            one.cancel()
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(ChildDiedError):
            await call


async def test_a_resource_that_does_not_close_is_killed(monkeypatch):
    monkeypatch.setattr(child_module, "CLOSE_S", 0.2)
    async with Child("stuck", closes_never) as child:
        pid = child.pid
    assert is_over(pid)


async def test_a_call_that_hangs_does_not_hold_up_the_end(child, path, monkeypatch):
    monkeypatch.setattr(child_module, "CLOSE_S", 0.2)
    with pytest.raises(TimeoutError):
        async with child:
            async with asyncio.timeout(0.1):
                await child.call(write_slowly, "never", 60)
    assert events(path) == ["open"]


async def test_threads_stdout_and_log_are_set_before_anything_is_opened(child):
    async with child:
        threads, stdout_is_stderr, level = await child.call(settings)
    assert threads == "1"
    assert stdout_is_stderr
    assert level == logging.getLogger().level


async def test_the_processor_time_of_the_process_is_known(child):
    async with child:
        await child.call(write, "call")
        before_s = child.cpu_s
        await child.call(work, 0.2)
    assert child.cpu_s - before_s >= 0.2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_for_the_group_does_not_end_it(child, number):
    async with child:
        call = asyncio.create_task(child.call(write_slowly, "done", 0.3))
        await asyncio.sleep(0.1)
        os.kill(child.pid, number)
        await call
        assert await child.call(write, "after") == child.pid


async def test_a_ctrl_c_while_it_starts_does_not_end_it(path):
    async with asyncio.TaskGroup() as tasks:
        child = Child("diary", partial(diary, path))
        started = tasks.create_task(child.__aenter__())
        before = set(psutil.Process().children())
        while not started.done():
            for process in set(psutil.Process().children()) - before:
                if "resource_tracker" not in " ".join(process.cmdline()):
                    process.send_signal(signal.SIGINT)
            await asyncio.sleep(0.005)
    await child.__aexit__(None, None, None)
    assert events(path) == ["open", "close"]


PARENT = """
import asyncio, sys
from functools import partial
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_child import diary, write_slowly
from stream.child import Child

async def main():
    async with Child("diary", partial(diary, Path({path!r}))) as child:
        print(child.pid, flush=True)
        await child.call(write_slowly, "never", 60)

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_when_its_parent_is_ended(path, tmp_path, number):
    program = tmp_path / "parent.py"
    program.write_text(PARENT.format(folder=str(Path(__file__).parent), path=str(path)))
    parent = subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True)
    with parent:
        pid = int(parent.stdout.readline())
        assert not is_over(pid)
        parent.send_signal(number)
    ending_s = time.monotonic() + 10
    while not is_over(pid) and time.monotonic() < ending_s:
        time.sleep(0.02)
    assert is_over(pid)


async def test_a_child_yields_to_its_parent_as_much_as_it_is_told(tmp_path):
    async with Child("nice", partial(diary, tmp_path / "diary"), niceness=3) as child:
        assert await child.call(niceness) == os.nice(0) + 3


def niceness(_):
    return os.nice(0)
