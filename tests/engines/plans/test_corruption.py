"""Stored plans that are not what they are called: each is refused or replaced, none is loaded."""

import json
import os
import shutil
import socket

import numpy as np
import pytest

from engines.errors import PlanError
from engines.plans.store import PlanStore


def rewrite(path, change):
    """Put other content in the place of a file's."""
    path.write_bytes(bytes(change(bytearray(path.read_bytes()))))


def flipped(content, place):
    content[place] ^= 1
    return content


def retell(shelf, **changed):
    """Let the sidecar say something else."""
    told = json.loads(shelf.sidecar.read_text())
    shelf.sidecar.write_text(json.dumps(told | changed))


def of_another(shelf, **changed):
    """Put a whole plan of another identity in this one's place, as if it were copied from there."""
    other = shelf.identity.model_copy(update=changed)
    shelf.plans.build(other, shelf.plan.read_bytes, "another")
    assert shelf.plans.find(other) is not None
    shutil.move(shelf.plans.sidecar_path(other.digest), shelf.sidecar)
    shutil.move(shelf.plans.plan_path(other.digest), shelf.plan)


def other_plan(shelf):
    """Return where a good plan of another graph lies, and its sidecar."""
    (entry,) = shelf.another.entries()
    return shelf.another.plan_path(entry.digest), shelf.another.sidecar_path(entry.digest)


def swapped(one, other):
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def linked(path, target):
    path.unlink()
    path.symlink_to(target)


def moved_outside(path, tmp_path):
    outside = tmp_path / "outside"
    shutil.copy(path, outside)
    linked(path, outside)


def in_its_place(path, make):
    path.unlink()
    make(path)


def unreadable(path):
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read everything, but nobody can open a socket
        path.unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(f"/proc/self/fd/{folder}/{path.name}")  # an address must be short
        os.close(folder)


CORRUPTIONS = {
    "plan: empty": lambda shelf: shelf.plan.write_bytes(b""),
    "plan: its first byte": lambda shelf: rewrite(shelf.plan, lambda c: c[:1]),
    "plan: its first half": lambda shelf: rewrite(shelf.plan, lambda c: c[: len(c) // 2]),
    "plan: all but its last byte": lambda shelf: rewrite(shelf.plan, lambda c: c[:-1]),
    "plan: a byte more": lambda shelf: rewrite(shelf.plan, lambda c: c + b"\0"),
    "plan: a bit of its first byte": lambda shelf: rewrite(shelf.plan, lambda c: flipped(c, 0)),
    "plan: a bit in its middle": lambda shelf: rewrite(
        shelf.plan, lambda c: flipped(c, len(c) // 2)
    ),
    "plan: a bit of its last byte": lambda shelf: rewrite(shelf.plan, lambda c: flipped(c, -1)),
    "plan: zeros of its length": lambda shelf: rewrite(shelf.plan, lambda c: bytes(len(c))),
    "plan: gone": lambda shelf: shelf.plan.unlink(),
    "plan: a folder": lambda shelf: in_its_place(shelf.plan, lambda path: path.mkdir()),
    "plan: a pipe": lambda shelf: in_its_place(shelf.plan, os.mkfifo),
    "plan: unreadable": lambda shelf: unreadable(shelf.plan),
    "plan: a link to a good plan": lambda shelf: linked(shelf.plan, other_plan(shelf)[0]),
    "plan: a link to its own bytes": lambda shelf: moved_outside(shelf.plan, shelf.root),
    "plan: a link to nothing": lambda shelf: linked(shelf.plan, shelf.root / "nothing"),
    "plan: another's": lambda shelf: shutil.copy(other_plan(shelf)[0], shelf.plan),
    "sidecar: empty": lambda shelf: shelf.sidecar.write_bytes(b""),
    "sidecar: its first half": lambda shelf: rewrite(shelf.sidecar, lambda c: c[: len(c) // 2]),
    "sidecar: no JSON": lambda shelf: shelf.sidecar.write_text("a plan, honestly"),
    "sidecar: no text": lambda shelf: shelf.sidecar.write_bytes(b"\xff\xfe\0"),
    "sidecar: other JSON": lambda shelf: shelf.sidecar.write_text("[1, 2, 3]"),
    "sidecar: keys less": lambda shelf: shelf.sidecar.write_text(
        json.dumps({"name": "negated"})
    ),
    "sidecar: a key more": lambda shelf: retell(shelf, trusted=True),
    "sidecar: another format": lambda shelf: retell(shelf, format="subface.plan/2"),
    "sidecar: a smaller size": lambda shelf: retell(shelf, size_bytes=1),
    "sidecar: a larger size": lambda shelf: retell(shelf, size_bytes=10**9),
    "sidecar: another digest": lambda shelf: retell(shelf, sha256="0" * 64),
    "sidecar: a folder": lambda shelf: in_its_place(shelf.sidecar, lambda path: path.mkdir()),
    "sidecar: a link": lambda shelf: moved_outside(shelf.sidecar, shelf.root),
    "sidecar: huge": lambda shelf: shelf.sidecar.write_bytes(b" " * 1_000_000),
    "sidecar: unreadable": lambda shelf: unreadable(shelf.sidecar),
    "both: sidecars swapped": lambda shelf: swapped(shelf.sidecar, other_plan(shelf)[1]),
    "both: plans swapped": lambda shelf: swapped(shelf.plan, other_plan(shelf)[0]),
    "foreign: graph": lambda shelf: of_another(shelf, graph="0" * 64),
    "foreign: outputs": lambda shelf: of_another(shelf, outputs=("z",)),
    "foreign: runtime": lambda shelf: of_another(shelf, runtime="tensorrt"),
    "foreign: version": lambda shelf: of_another(shelf, runtime_version="2026.4.0"),
    "foreign: processor": lambda shelf: of_another(
        shelf, device=shelf.identity.device.model_copy(update={"name": "Another"})
    ),
    "foreign: instructions": lambda shelf: of_another(
        shelf,
        device=shelf.identity.device.model_copy(update={"features": ("avx512_bf16", "sve")}),
    ),
    "foreign: driver": lambda shelf: of_another(shelf, driver_major=570),
    "foreign: precision": lambda shelf: of_another(
        shelf,
        settings=dict(shelf.identity.settings) | {"INFERENCE_PRECISION_HINT": "bf16"},
    ),
    "foreign: shapes": lambda shelf: of_another(shelf, shapes={"x": ((2, 2, 2), (3, 3, 3))}),
}  # fmt: skip


def test_there_are_at_least_forty_of_them():
    assert len(CORRUPTIONS) >= 40


@pytest.fixture
def corrupted(shelf, imported, request):
    CORRUPTIONS[request.param](shelf)
    imported.clear()
    return shelf


everyone = pytest.mark.parametrize("corrupted", CORRUPTIONS, indirect=True)


@everyone
def test_it_is_refused_by_its_file_what_is_wrong_and_the_command(corrupted):
    with pytest.raises(PlanError, match=r"subface engines build") as refused:
        corrupted.plans.find(corrupted.identity)
    faults = {entry.digest: entry.fault for entry in corrupted.plans.entries()}
    assert faults[corrupted.entry.digest] is not None
    message = str(refused.value)
    assert message.startswith(str(corrupted.plan.with_suffix("")))
    assert "\n" not in message
    assert refused.value.exit_code == 2


@everyone
def test_a_live_run_compiles_its_graph_and_says_so_once(corrupted, imported, caplog):
    y = corrupted.runs()
    assert (y == -np.arange(6).reshape(2, 3)).all()
    assert imported == []  # not one byte of it reached the runtime
    (said,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert said.getMessage().startswith("negated: compiled from its graph, since ")


@everyone
def test_one_that_a_run_cannot_do_without_ends_it(corrupted):
    made = []
    with pytest.raises(PlanError):
        corrupted.plans.obtain(corrupted.identity, lambda: made.append(1) or b"plan", "negated")
    assert made == []


@everyone
def test_building_replaces_it_and_the_next_run_loads_what_was_built(corrupted, imported):
    built = corrupted.plans.build(corrupted.identity, lambda: corrupted.whole, "negated")
    assert built.made
    assert built.replaced is not None
    assert corrupted.plans.find(corrupted.identity) == corrupted.whole
    assert (corrupted.runs() == -np.arange(6).reshape(2, 3)).all()
    assert imported == [corrupted.whole]


def test_a_whole_one_is_loaded(shelf, imported, caplog):
    imported.clear()
    assert (shelf.runs() == -np.arange(6).reshape(2, 3)).all()
    assert imported == [shelf.plan.read_bytes()]
    assert not caplog.records


def test_no_single_bit_of_a_plan_can_change(shelf):
    whole = shelf.plan.read_bytes()
    for place in range(0, len(whole), 11):
        shelf.plan.write_bytes(flipped(bytearray(whole), place))
        with pytest.raises(PlanError):
            shelf.plans.find(shelf.identity)


def test_no_single_bit_of_a_sidecar_brings_other_bytes(shelf):
    plan, whole = shelf.plan.read_bytes(), shelf.sidecar.read_bytes()
    refused = 0
    places = range(0, len(whole), 3)
    for place in places:
        shelf.sidecar.write_bytes(flipped(bytearray(whole), place))
        try:
            # a name or a time may be another; what is handed out may not
            assert shelf.plans.find(shelf.identity) == plan
        except PlanError:
            refused += 1
    assert refused > len(places) / 2


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_a_plan_that_ends_early_is_refused_wherever_it_ends(shelf, share):
    rewrite(shelf.plan, lambda content: content[: int(len(content) * share)])
    with pytest.raises(PlanError, match=r"expected \d+ bytes, got \d+"):
        shelf.plans.find(shelf.identity)


def test_without_a_sidecar_there_is_no_plan(shelf, imported, caplog):
    shelf.sidecar.unlink()
    imported.clear()
    assert shelf.plans.find(shelf.identity) is None
    shelf.runs()
    assert imported == []
    assert not caplog.records
    (entry,) = shelf.plans.entries()
    assert "nothing says what lies beside it" in entry.fault


def test_what_a_forger_of_both_files_made_is_not_found_out_here(shelf):
    # said in the documentation: who may write in the cache is trusted with it
    plan = shelf.plan.read_bytes() + b"!"
    PlanStore(shelf.root).build(shelf.identity, lambda: plan, "negated", anew=True)
    assert shelf.plans.find(shelf.identity) == plan
