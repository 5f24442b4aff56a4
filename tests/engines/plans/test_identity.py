"""What makes another plan, and the processor that a plan is for."""

import pytest
from pydantic import ValidationError

from engines.errors import EngineError
from engines.plans.identity import PlanIdentity, Processor
from engines.plans.machine import processor_of, this_processor
from engines.plans.shapes import AXES, BATCHES, AxisRange, bucket, ranges

ONE = {
    "graph": "a" * 64,
    "runtime": "openvino",
    "runtime_version": "2026.4.1",
    "device": Processor(name="one", features=("avx2", "avx512f")),
    "settings": {"threads": 1, "precision": "f32"},
}
CHANGES = [
    {"graph": "b" * 64},
    {"outputs": ("boxes",)},
    {"outputs": ("boxes", "scores")},
    {"outputs": ("scores", "boxes")},
    {"outputs": ()},
    {"runtime": "tensorrt"},
    {"runtime_version": "2026.4.2"},
    {"device": Processor(name="two", features=("avx2", "avx512f"))},
    {"device": Processor(name="one", features=("avx2",))},
    {"driver_major": 12},
    {"driver_major": 13},
    {"settings": {"threads": 2, "precision": "f32"}},
    {"settings": {"threads": 1, "precision": "bf16"}},
    {"settings": {"threads": 1}},
    {"shapes": {"frame": ((1, 1, 1),)}},
    {"shapes": {"frame": ((1, 1, 8),)}},
]


def test_whatever_differs_makes_another_plan():
    identities = [PlanIdentity(**ONE), *(PlanIdentity(**ONE | change) for change in CHANGES)]
    assert len({identity.digest for identity in identities}) == len(CHANGES) + 1


@pytest.mark.parametrize("change", CHANGES, ids="-".join)
def test_what_differs_is_named(change):
    one, other = PlanIdentity(**ONE), PlanIdentity(**ONE | change)
    assert one.difference(one) is None
    (key,) = change
    assert one.difference(other).startswith(f"{key}: expected ")


def test_the_order_in_which_things_are_said_makes_no_difference():
    one = PlanIdentity(**ONE)
    other = PlanIdentity(
        **ONE
        | {"settings": {"precision": "f32", "threads": 1}}
        | {"device": Processor(name="one", features=("avx512f", "avx2", "avx2"))}
    )
    assert one == other
    assert one.digest == other.digest


def test_an_identity_comes_back_from_its_own_text():
    one = PlanIdentity(**ONE, outputs=("a",), shapes={"x": ((1, 2, 3),)})
    assert PlanIdentity.model_validate_json(one.canonical()) == one


def test_the_digest_is_that_of_every_machine():
    # a change of it makes every stored plan foreign: it must be meant
    assert PlanIdentity(**ONE).digest == (
        "743c9cdb451ef042b742202b23a7c4a811f064092f66c7ae43fd79e1bbae95ed"
    )


def test_a_digest_that_is_none_is_refused():
    with pytest.raises(ValidationError):
        PlanIdentity(**ONE | {"graph": "../../etc/passwd"})


def test_this_machine_has_a_processor_with_instruction_sets():
    found = this_processor()
    assert found.name
    assert found.features


X86 = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 143
model name\t: Some Xeon
flags\t\t: fpu sse4_2 avx2 avx512f amx_bf16 hypervisor smep

processor\t: 1
model name\t: another
"""
ARM = """processor\t: 0
BogoMIPS\t: 50.00
Features\t: fp asimd evtstrm aes asimdhp sve bf16 i8mm
CPU implementer\t: 0x41
CPU variant\t: 0x1
CPU part\t: 0xd40
"""


def test_a_processor_is_known_by_its_model_and_what_compilers_ask_for():
    found = processor_of(X86)
    assert found.name.endswith("GenuineIntel 6 143 Some Xeon")
    assert found.features == ("amx_bf16", "avx2", "avx512f", "sse4_2")
    arm = processor_of(ARM)
    assert arm.name.endswith("0x41 0xd40 0x1")
    assert arm.features == ("asimd", "asimdhp", "bf16", "i8mm", "sve")


def test_where_nothing_tells_of_the_processor_it_still_has_a_name():
    assert processor_of("").name


def test_every_symbol_of_our_graphs_has_a_range():
    assert ranges("frame", (1, "H", "W", 3)) == (
        AxisRange(1, 1, 1),
        AXES["H"],
        AXES["W"],
        AxisRange(3, 3, 3),
    )
    assert all(axis.least <= axis.best <= axis.most for axis in AXES.values())


def test_an_axis_that_is_not_known_is_refused_by_name():
    with pytest.raises(EngineError, match=r"input 'x': its axis 'Q' may vary; .*H, W, B, T"):
        ranges("x", ("B", "Q"))


@pytest.mark.parametrize(("batch", "size"), [(1, 1), (2, 2), (3, 4), (5, 8), (8, 8)])
def test_a_batch_is_filled_up_to_the_next_that_is_captured(batch, size):
    assert bucket(batch) == size


def test_a_batch_that_no_bucket_holds_is_refused():
    with pytest.raises(EngineError, match="a batch of 9: expected at most 8"):
        bucket(BATCHES[-1] + 1)
