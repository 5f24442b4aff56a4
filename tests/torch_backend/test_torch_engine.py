import gc
import threading
import weakref

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper

from engines.backends import open_engine, torch_backend
from engines.backends.torch_backend import TorchEngine, exact_arithmetic
from engines.config import RuntimeConfig
from engines.errors import ConfigError, DeviceLostError, EngineError


def fault(code):
    error = torch.AcceleratorError("CUDA error: that\nCompile with many words")
    error.error_code = code
    return error


def failing(engine, error):
    def run(inputs):
        raise error

    engine.run({"x": np.ones((1, 4), np.float32)})
    (prepared,) = engine._prepared.values()
    prepared.program = run
    return pytest.raises(EngineError)


def test_it_calls_itself_torch(halves):
    with TorchEngine(halves, device="cpu") as engine:
        assert engine.name == f"torch {torch.__version__} on cpu"


def test_the_profile_opens_it(halves):
    with open_engine(halves, RuntimeConfig(backend="torch", device="cpu", threads=1)) as engine:
        assert isinstance(engine, TorchEngine)


def test_an_output_whose_shape_follows_from_fixed_inputs_is_told_it(save_graph):
    node = helper.make_node("Identity", ["x"], ["y"])
    given, made = ("x", TensorProto.FLOAT, [1, 3]), ("y", TensorProto.FLOAT, ["rows", 3])
    path = save_graph([node], [given], [made])

    with TorchEngine(path, device="cpu") as engine:
        assert [tensor.shape for tensor in engine.spec.outputs] == [(1, 3)]


def test_an_open_input_leaves_the_output_open(halves):
    with TorchEngine(halves, device="cpu") as engine:
        assert [tensor.shape for tensor in engine.spec.outputs] == [(None, 2)]


def test_it_is_said_that_a_cpu_is_slow_in_half_precision(save_graph, caplog):
    node = helper.make_node("Add", ["x", "c"], ["y"])
    tensors = ([(name, TensorProto.FLOAT16, [1])] for name in ("x", "y"))
    path = save_graph([node], *tensors, {"c": np.ones(1, np.float16)})

    with TorchEngine(path, device="cpu"):
        (said,) = caplog.messages

    assert "perception.runtime.precision=f32" in said


def test_a_card_that_is_not_there_is_refused(halves):
    with pytest.raises(ConfigError, match=r"torch sees \d+ cards here, got cuda:99"):
        TorchEngine(halves, device="cuda:99")


@pytest.mark.skipif(torch.cuda.is_available(), reason="here the card would answer")
def test_a_card_without_a_driver_is_one_line(halves, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)

    with pytest.raises(EngineError, match=r"cannot compute this on cuda:0: ") as caught:
        TorchEngine(halves, device="cuda:0")

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("code", [700, 719, 214])
def test_after_some_faults_only_a_new_process_helps(halves, code):
    with TorchEngine(halves, device="cpu") as engine:
        with failing(engine, fault(code)) as caught:
            engine.run({"x": np.ones((1, 4), np.float32)})
        assert isinstance(caught.value, DeviceLostError)
        assert str(caught.value).endswith("torch says: CUDA error: that")


@pytest.mark.parametrize(
    "error", [fault(2), fault(900), torch.OutOfMemoryError("CUDA out of memory.\nmore")]
)
def test_after_others_the_card_is_usable(halves, error):
    with TorchEngine(halves, device="cpu") as engine:
        with failing(engine, error) as caught:
            engine.run({"x": np.ones((1, 4), np.float32)})
        assert not isinstance(caught.value, DeviceLostError)
        assert "\n" not in str(caught.value)


def test_a_fault_while_a_shape_is_first_computed_is_no_less_one(halves, monkeypatch):
    def lose(*_):
        raise fault(719)

    monkeypatch.setattr(torch.Tensor, "reshape", lose)
    with (
        TorchEngine(halves, device="cpu") as engine,
        pytest.raises(DeviceLostError),
    ):
        engine.run({"x": np.ones((1, 4), np.float32)})


def test_a_run_has_the_threads_its_engine_was_opened_with_on_any_thread(halves):
    seen = []
    with (
        TorchEngine(halves, device="cpu", threads=2) as two,
        TorchEngine(halves, device="cpu", threads=1) as one,
    ):

        def look():
            for engine in (two, one, two):
                engine.run({"x": np.ones((1, 4), np.float32)})
                seen.append(torch.get_num_threads())

        other = threading.Thread(target=look)
        other.start()
        other.join()
        look()
    torch.set_num_threads(1)

    assert seen == [2, 1, 2, 2, 1, 2]


def test_a_float_is_not_rounded_on_a_card():
    exact_arithmetic()

    assert torch.backends.cuda.matmul.fp32_precision == "ieee"
    assert torch.backends.cudnn.conv.fp32_precision == "ieee"


def test_nothing_of_an_engine_that_was_left_is_held(halves):
    with TorchEngine(halves, device="cpu") as engine:
        engine.run({"x": np.ones((1, 4), np.float32)})
        (prepared,) = engine._prepared.values()
        held = weakref.ref(prepared.program)
        del prepared
    gc.collect()

    assert held() is None
    assert torch_backend.SHAPES > 8  # or a program would go before its graph
