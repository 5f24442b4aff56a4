from pathlib import Path

import numpy as np
import pytest

from engines.config import RuntimeConfig
from engines.errors import DeviceLostError
from engines.spec.tensors import EngineSpec
from stream.meter import EngineMeter, RunLog


@pytest.fixture
def metered(need_model):
    """A small network that ran three times, and its meter."""
    meter = EngineMeter(RuntimeConfig())
    with meter.open("face", need_model("blazeface-short")) as engine:
        (tensor,) = engine.spec.inputs
        batch = {tensor.name: np.zeros([side or 1 for side in tensor.shape], tensor.dtype)}
        for _ in range(3):
            engine.run(batch)
        yield meter, lambda: engine.run(batch)


def test_each_run_is_a_sample_and_they_add_up_to_the_seconds_inside(metered):
    meter, _ = metered
    assert meter.calls == {"face": 3}
    samples = meter.run_ms["face"].samples
    assert len(samples) == 3
    assert sum(samples) == pytest.approx(1000 * meter.seconds["face"])


def test_a_meter_that_was_cleared_tells_of_what_came_after(metered):
    meter, run = metered
    meter.clear()
    assert not meter.calls
    assert not meter.run_ms
    assert not meter.seconds
    assert not meter.cpu_s
    run()
    assert meter.calls == {"face": 1}
    assert len(meter.run_ms["face"].samples) == 1


class _Engine:
    """An engine of some backend; one on a card has lost it."""

    spec = EngineSpec((), ())

    def __init__(self, backend):
        self.backend = backend

    def run(self, batch):
        if self.backend == "tensorrt":
            raise DeviceLostError("gone")
        return {"backend": self.backend}

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass


@pytest.fixture
def lost_card(monkeypatch):
    def open_(path, runtime, *, outputs, name):
        return _Engine(runtime.backend)

    monkeypatch.setattr("stream.meter.open_engine", open_)
    return RuntimeConfig(backend="tensorrt")


def test_what_the_monitor_itself_computes_goes_on_without_its_card(lost_card):
    meter = EngineMeter(lost_card)
    with meter.open("step", Path("step.onnx")) as engine:
        assert engine.run({}) == {"backend": "openvino"}

    assert meter.calls == {"step": 1}


def test_what_the_eyes_process_computes_ends_with_its_card(lost_card):
    with (
        RunLog(lost_card).open("face", Path("face.onnx")) as engine,
        pytest.raises(DeviceLostError),
    ):
        engine.run({})
