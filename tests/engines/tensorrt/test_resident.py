"""A person's ring that also lies on the card: the host's is the truth, and slots follow it."""

import gc

import numpy as np
import pytest

from engines.backends.onnxruntime_backend import OnnxRuntimeEngine
from engines.errors import EngineError
from engines.models.store import SHIPPED
from engines.sequence.step import BranchState
from engines.spec.tensors import SpecMismatchError

STEP = SHIPPED / "starter" / "network" / "image-step.onnx"
GRID_HZ = 12.5


@pytest.fixture
def reference():
    with OnnxRuntimeEngine(STEP) as engine:
        yield engine


def ring_bytes(engine):
    return sum(
        4 * int(np.prod(one.shape)) for one in engine.spec.inputs if one.name in {"keys", "values"}
    )


def stepped(states, ticks, seed=0):
    """Take each state through the same ticks, and return the tokens of each."""
    random = np.random.default_rng(seed)
    tokens = [[] for _ in states]
    for tick in ticks:
        features = random.normal(size=states[0]._shape.features).astype(np.float32)
        for state, made in zip(states, tokens, strict=True):
            made.append(state.step(tick, features))
    return np.array(tokens)


TICKS = [*range(30), *range(33, 60), 90, 91, *range(400, 470)]


def test_steps_on_the_card_are_steps_on_the_host(opened, reference):
    on_card = BranchState(opened(STEP), grid_hz=GRID_HZ)
    on_host = BranchState(reference, grid_hz=GRID_HZ)
    ours, theirs = stepped([on_card, on_host], TICKS)

    assert np.array_equal(ours, theirs)


def test_the_ring_is_brought_once_and_then_slot_by_slot(opened):
    engine = opened(STEP)
    state = BranchState(engine, grid_hz=GRID_HZ)
    stepped([state], range(50))

    layers, heads, _, width = state._ring.keys.shape
    brought = sum(kept.brought_bytes for kept in state._kept)
    assert brought == ring_bytes(engine) + 49 * 2 * layers * heads * width * 4


def test_persons_share_an_engine_and_not_their_rings(opened, reference):
    engine = opened(STEP)
    persons = [BranchState(engine, grid_hz=GRID_HZ) for _ in range(3)]
    alone = [BranchState(reference, grid_hz=GRID_HZ) for _ in range(3)]
    for seed, (person, other) in enumerate(zip(persons, alone, strict=True)):
        stepped([person, other], range(seed, 20), seed)
    for seed, (person, other) in enumerate(zip(persons, alone, strict=True)):
        ours, theirs = stepped([person, other], range(20, 40), seed)
        assert np.array_equal(ours, theirs)


def test_who_is_gone_gives_the_memory_back_when_the_next_comes(opened, card):
    engine = opened(STEP)
    person = BranchState(engine, grid_hz=GRID_HZ)
    stepped([person], range(3))
    held = len(card.card)
    for _ in range(5):
        del person
        gc.collect()
        person = BranchState(engine, grid_hz=GRID_HZ)
        stepped([person], range(3))

    assert len(card.card) == held


def test_after_a_restart_the_copy_is_built_anew_from_the_host(opened, reference, card):
    first, second = opened(STEP), opened(STEP)
    on_card, on_host = BranchState(first, grid_hz=GRID_HZ), BranchState(reference, grid_hz=GRID_HZ)
    stepped([on_card, on_host], range(40))
    card.fails["cudaStreamSynchronize"] = 700
    with pytest.raises(EngineError):
        on_card.step(40, np.zeros(on_card._shape.features, np.float32))
    card.fails.clear()
    card.sticky, second._chain._lost = None, None  # another process
    card.queue.clear()

    on_card.move(second)
    ours, theirs = stepped([on_card, on_host], range(41, 80), 1)
    assert np.allclose(ours, theirs, atol=1e-6)


def test_a_host_that_reads_in_place_is_told_nothing(reference):
    assert BranchState(reference, grid_hz=GRID_HZ)._kept == ()


def test_what_is_no_input_or_lies_in_pieces_is_not_kept(opened):
    engine = opened(STEP)
    shape = next(one.shape for one in engine.spec.inputs if one.name == "keys")

    with pytest.raises(SpecMismatchError, match="'bananas'"):
        engine.keep("bananas", np.zeros(3, np.float32), axis=0)
    with pytest.raises(SpecMismatchError, match="in one block"):
        engine.keep("keys", np.zeros((*shape[:-1], 2 * shape[-1]), np.float32)[..., ::2], axis=2)
    with pytest.raises(SpecMismatchError, match="expected float32"):
        engine.keep("keys", np.zeros(shape), axis=2)
