import numpy as np
import pytest

from engines.config import RuntimeConfig
from stream.meter import EngineMeter


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
