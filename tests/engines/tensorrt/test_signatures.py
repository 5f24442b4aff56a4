"""What stands in for NVIDIA's bindings has their names and arguments."""

import inspect

import pytest
import tensorrt_rtx
from cuda.bindings import runtime

from engines.backends.tensorrt_binding import Binding
from engines.cuda.calls import Cuda
from engines.cuda.faults import STICKY
from engines.errors import EngineError


def ours(fake):
    return {
        name: list(inspect.signature(method).parameters)
        for name, method in vars(fake).items()
        if inspect.isfunction(method) and not name.startswith("_")
    }


def test_every_call_of_cuda_has_the_arguments_of_the_real_one(fakes, told_arguments):
    calls = {name: args for name, args in ours(fakes.runtime).items() if name.startswith("cuda")}

    for name, (_self, *args) in calls.items():
        assert args in told_arguments(getattr(runtime, name).__doc__), name
    assert len(calls) >= 20


def test_every_call_of_tensorrt_has_the_arguments_of_the_real_one(fakes, told_arguments):
    seen = 0
    for fake in fakes.tensorrt:
        real = getattr(tensorrt_rtx, fake.__name__)
        for name, args in ours(fake).items():
            assert args in told_arguments(getattr(real, name).__doc__), f"{fake.__name__}.{name}"
            seen += 1
    assert seen >= 15


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("ICudaEngine", ["device_memory_size_v2", "num_io_tensors"]),
        ("IBuilderConfig", ["profiling_verbosity", "progress_monitor"]),
        ("INetworkDefinition", ["num_inputs", "num_outputs", "num_layers"]),
        ("ITensor", ["name", "shape", "dtype"]),
        ("ILayer", ["name", "type", "num_inputs", "num_outputs"]),
    ],
)
def test_every_property_that_is_read_is_there(kind, names):
    assert set(names) <= set(dir(getattr(tensorrt_rtx, kind)))


def test_every_error_that_wants_a_new_process_is_one_of_a_lost_card():
    told = {int(code) for code in runtime.cudaError_t if "relaunched" in (code.__doc__ or "")}

    assert len(told) > 10
    assert told <= STICKY


def test_every_code_of_a_lost_card_is_one_of_cudas():
    assert {int(code) for code in runtime.cudaError_t} >= STICKY


@pytest.mark.parametrize(("version", "flag"), [("10.3.0", 2), ("11.1.0", 0)])
def test_a_network_is_strongly_typed_by_a_flag_where_there_is_one(fakes, version, flag):
    module = fakes.module(version)
    if version.startswith("11"):
        del module.NetworkDefinitionCreationFlag
    else:
        # TensorRT 10 counts EXPLICIT_BATCH as 0
        module.NetworkDefinitionCreationFlag = type("Flags", (), {"STRONGLY_TYPED": 1})

    assert Binding(module).strongly_typed() == flag


ASKED = {
    "cards": (),
    "use": (0,),
    "properties": (0,),
    "free_bytes": (),
    "reserve": (256, "a block"),
    "reserve_pinned": (256, "a block"),
    "release": (256,),
    "release_pinned": (256,),
    "new_stream": (),
    "release_stream": (77,),
    "wait": (77, "waiting"),
    "copy": (256, 512, 16, "to card", 77),
    "copy_rows": (256, 512),
    "begin_capture": (77,),
    "end_capture": (77,),
    "launch": (88, 77),
    "release_graph": (88,),
}


@pytest.mark.parametrize("call", ASKED)
def test_the_real_binding_takes_what_it_is_handed_up_to_the_missing_driver(call):
    """Where there is a card, the addresses are none of ours."""
    (status, *_) = runtime.cudaGetDeviceCount()
    if not int(status):
        pytest.skip("there is a driver: these calls would be carried out")
    rows = {"pitch": 64, "width": 16, "rows": 2, "stream": 77} if call == "copy_rows" else {}

    with pytest.raises(EngineError, match=rf"\({int(status)}\)"):
        getattr(Cuda(runtime), call)(*ASKED[call], **rows)


def test_every_call_is_asked_of_the_real_binding():
    ours = {name for name in vars(Cuda) if not name.startswith("_")}

    # these two ask nothing that can fail, or what has no arguments
    assert ours - set(ASKED) == {"driver_version", "forget_error"}
