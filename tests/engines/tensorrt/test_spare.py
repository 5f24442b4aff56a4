"""What sits in the monitor itself goes on without its card."""

import numpy as np
import pytest

from engines.backends.onnxruntime_backend import OnnxRuntimeEngine
from engines.backends.spare import SpareEngine
from engines.errors import DeviceLostError, EngineError
from engines.models.store import SHIPPED
from engines.sequence.step import BranchState

STEP = SHIPPED / "starter" / "network" / "image-step.onnx"


@pytest.fixture
def spare(opened):
    return SpareEngine("image-step", opened(STEP), lambda: OnnxRuntimeEngine(STEP))


def lose(card):
    card.fails["cudaStreamSynchronize"] = 700


def test_steps_go_on_where_the_card_was_lost(spare, card, caplog):
    random = np.random.default_rng(0)
    with OnnxRuntimeEngine(STEP) as alone, spare:
        ours, theirs = (BranchState(engine, grid_hz=12.5) for engine in (spare, alone))
        for tick in range(60):
            if tick == 30:
                lose(card)
            features = random.normal(size=ours._shape.features).astype(np.float32)
            assert np.array_equal(ours.step(tick, features), theirs.step(tick, features))

    said = [record.message for record in caplog.records]
    assert len(said) == 1
    assert said[0].startswith("image-step runs on the CPU from now on: ")
    assert "cudaErrorIllegalAddress (700)" in said[0]


def test_another_error_is_no_reason_to_leave_the_card(spare, card):
    state = BranchState(spare, grid_hz=12.5)
    card.fails["cudaMemcpyAsync"] = 1
    with pytest.raises(EngineError, match="cudaErrorInvalidValue"):
        state.step(0, np.zeros(state._shape.features, np.float32))
    card.fails.clear()

    assert not spare._is_spare


def test_a_spare_that_is_lost_too_is_not_replaced(spare, opened, card):
    spare._open_spare = lambda: spare._engine  # another engine of the same card
    lose(card)
    state = BranchState(spare, grid_hz=12.5)

    with pytest.raises(DeviceLostError):
        state.step(0, np.zeros(state._shape.features, np.float32))
    with pytest.raises(DeviceLostError):
        state.step(1, np.zeros(state._shape.features, np.float32))
