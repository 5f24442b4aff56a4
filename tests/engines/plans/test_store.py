"""The store of plans: one builder at a time, whole files or none, and what a run does without."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engines.errors import PlanError
from engines.plans.identity import PlanIdentity, Processor
from engines.plans.store import PlanStore

IDENTITY = PlanIdentity(
    graph="a" * 64,
    runtime="openvino",
    runtime_version="1",
    device=Processor(name="one", features=("avx2",)),
    settings={"threads": 1},
)

BUILDER = """
import os, sys, time
from pathlib import Path
from tests_identity import IDENTITY
from engines.plans.store import PlanStore

root, seconds = Path(sys.argv[1]), float(sys.argv[2])

def make():
    with (root / "made").open("a") as made:
        made.write(f"{os.getpid()}\\n")
    print("making", flush=True)
    time.sleep(seconds)
    return os.getpid().to_bytes(4, "big") * 100_000

plan = PlanStore(root).obtain(IDENTITY, make, "slow")
print(plan[:4].hex(), len(plan), flush=True)
"""


def made(store, plan=b"plan", **kwargs):
    return store.build(IDENTITY, lambda: plan, "one", **kwargs)


@pytest.fixture
def store(tmp_path):
    return PlanStore(tmp_path)


@pytest.fixture
def start_builder(tmp_path):
    """Start processes that build the same plan and take so long over it."""
    (tmp_path / "tests_identity.py").write_text(
        "from engines.plans.identity import PlanIdentity\n"
        f"IDENTITY = PlanIdentity.model_validate_json({IDENTITY.canonical()!r})\n"
    )
    running = []

    def start(seconds):
        paths = os.pathsep.join((str(tmp_path), str(Path(__file__).parents[3])))
        running.append(
            subprocess.Popen(
                [sys.executable, "-c", BUILDER, str(tmp_path), str(seconds)],
                env=os.environ | {"PYTHONPATH": paths},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_a_plan_is_made_once_and_found_by_the_next(store):
    calls = []

    def make():
        calls.append(1)
        return b"plan"

    assert store.find(IDENTITY) is None
    assert store.obtain(IDENTITY, make, "one") == b"plan"
    assert store.obtain(IDENTITY, make, "one") == b"plan"
    assert store.find(IDENTITY) == b"plan"
    assert calls == [1]


def test_the_sidecar_says_of_what_for_what_and_when(store):
    sidecar = made(store).sidecar
    assert sidecar.name == "one"
    assert sidecar.identity == IDENTITY
    assert sidecar.size_bytes == 4
    assert sidecar.made_at.utcoffset() is not None
    (entry,) = store.entries()
    assert entry.sidecar == sidecar
    assert entry.fault is None


def test_a_good_one_is_built_anew_only_when_told(store):
    assert made(store).made
    again = made(store, b"other")
    assert (again.made, again.plan) == (False, b"plan")
    anew = made(store, b"other", anew=True)
    assert (anew.made, anew.plan, anew.replaced) == (True, b"other", None)
    assert store.find(IDENTITY) == b"other"


def test_what_could_not_be_made_leaves_nothing(store):
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.obtain(IDENTITY, fail, "one")
    assert store.find(IDENTITY) is None
    assert store.entries() == ()


def test_removing_leaves_the_others(store):
    other = IDENTITY.model_copy(update={"runtime_version": "2"})
    made(store)
    store.build(other, lambda: b"other", "other")
    store.remove(IDENTITY.digest)
    store.remove(IDENTITY.digest)  # gone is gone
    assert [entry.sidecar.name for entry in store.entries()] == ["other"]


def test_of_several_builders_one_builds_and_all_get_its_plan(start_builder, tmp_path):
    builders = [start_builder(0.5) for _ in range(4)]
    answers = {process.communicate(timeout=60)[0].splitlines()[-1] for process in builders}
    assert len((tmp_path / "made").read_text().split()) == 1
    assert len(answers) == 1
    assert answers.pop().endswith(" 400000")
    assert [entry.fault for entry in PlanStore(tmp_path).entries()] == [None]


def test_a_builder_that_was_killed_leaves_nothing_that_is_loaded(start_builder, tmp_path):
    killed = start_builder(60)
    assert killed.stdout.readline() == "making\n"
    waiting = start_builder(0)
    killed.send_signal(signal.SIGKILL)
    said, _ = waiting.communicate(timeout=60)
    assert said.splitlines()[-1].endswith(" 400000")
    assert len((tmp_path / "made").read_text().split()) == 2
    assert [entry.fault for entry in PlanStore(tmp_path).entries()] == [None]


@pytest.mark.parametrize("left", ["plan", "json"])
def test_what_was_half_written_is_no_plan_and_is_swept_away(store, left):
    store.folder.mkdir(parents=True)
    part = store.folder / f".{IDENTITY.digest}.{left}.4711.part"
    part.write_bytes(b"half")
    assert store.find(IDENTITY) is None
    assert [entry.sidecar for entry in store.entries()] == [None]
    assert made(store).made
    assert not part.exists()
    assert [entry.fault for entry in store.entries()] == [None]


def test_a_plan_whose_sidecar_was_never_written_is_made_again(store):
    store.folder.mkdir(parents=True)
    store.plan_path(IDENTITY.digest).write_bytes(b"somebody was killed after this")
    assert store.obtain(IDENTITY, lambda: b"plan", "one") == b"plan"
    assert store.find(IDENTITY) == b"plan"


def test_a_lock_that_nobody_holds_any_more_holds_nobody_up(store):
    store.folder.mkdir(parents=True)
    lock = store.folder / f"{IDENTITY.digest}.lock"
    lock.write_text("4711")
    long_ago_s = time.time() - 1e6
    os.utime(lock, (long_ago_s, long_ago_s))
    assert made(store).made


def test_a_lock_that_is_a_link_is_not_followed(store, tmp_path):
    store.folder.mkdir(parents=True)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (store.folder / f"{IDENTITY.digest}.lock").symlink_to(victim)
    with pytest.raises(PlanError, match="cannot be stored there"):
        made(store)
    assert victim.read_text() == "precious"


@pytest.fixture
def unwritable(tmp_path):
    """A cache in which not even root can make anything: a file is in the folder's place."""
    (tmp_path / "plans").write_text("no folder")
    return PlanStore(tmp_path)


def test_where_nothing_can_be_stored_a_run_gets_its_plan_and_a_warning(unwritable, caplog):
    assert unwritable.obtain(IDENTITY, lambda: b"plan", "one") == b"plan"
    (said,) = caplog.records
    assert "SUBFACE_CACHE" in said.getMessage()
    assert "built at every start" in said.getMessage()


def test_where_nothing_can_be_stored_building_is_an_error(unwritable):
    with pytest.raises(PlanError, match="SUBFACE_CACHE names a folder"):
        made(unwritable)


def test_a_disk_that_is_full_costs_no_second_compilation(store, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    calls = []
    monkeypatch.setattr("engines.plans.plain_file.os.fsync", full)
    plan = store.obtain(IDENTITY, lambda: calls.append(1) or b"plan", "one")
    assert plan == b"plan"
    assert calls == [1]
    assert "No space left" in caplog.text
    assert store.find(IDENTITY) is None
    assert store.entries() == ()


def test_a_reader_beside_a_builder_sees_the_old_the_new_or_none(tmp_path, store):
    # the files are replaced one after the other, and nobody who reads meanwhile is told of a fault
    made(store, b"0" * 200_000)
    code = (
        "import sys; from pathlib import Path; from tests_identity import IDENTITY\n"
        "from engines.plans.store import PlanStore\n"
        "store = PlanStore(Path(sys.argv[1]))\n"
        "for n in range(30):\n"
        "    store.build(IDENTITY, lambda: bytes([48 + n % 10]) * 200_000, 'n', anew=True)\n"
    )
    paths = os.pathsep.join((str(tmp_path), str(Path(__file__).parents[3])))
    (tmp_path / "tests_identity.py").write_text(
        "from engines.plans.identity import PlanIdentity\n"
        f"IDENTITY = PlanIdentity.model_validate_json({IDENTITY.canonical()!r})\n"
    )
    seen = set()
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], env=os.environ | {"PYTHONPATH": paths}
    ) as builder:
        while builder.poll() is None:
            plan = store.find(IDENTITY)
            assert plan is None or (len(plan) == 200_000 and len(set(plan)) == 1)
            seen.add(None if plan is None else plan[:1])
    assert builder.returncode == 0
    assert len(seen) > 2
