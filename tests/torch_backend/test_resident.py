"""What a person remembers stays on the card, and follows the host's array place by place."""

import gc

import numpy as np
import pytest
from onnx import TensorProto, helper

from engines.backends.torch_backend import TorchEngine
from engines.engine import KeepsInputs, KeptInput


@pytest.fixture
def doubled(save_graph):
    node = helper.make_node("Add", ["ring", "ring"], ["y"])
    return save_graph(
        [node], [("ring", TensorProto.FLOAT, [1, 4, 2])], [("y", TensorProto.FLOAT, [1, 4, 2])]
    )


def ring(seed=0):
    return np.random.default_rng(seed).normal(size=(1, 4, 2)).astype(np.float32)


def test_a_place_that_was_told_is_followed_and_one_that_was_not_is_not_looked_at(
    doubled, on_emulated_card
):
    engine, cuda = on_emulated_card(doubled)
    array = ring()
    kept = engine.keep("ring", array, axis=1)
    before = array.copy()
    for place in (0, 3, 1, 3):
        array[:, place] += 1
        kept.wrote(place)
        assert (engine.run({"ring": array})["y"] == 2 * array).all()
    told = array.copy()
    array[:, 2] += 1

    assert (engine.run({"ring": array})["y"] == 2 * told).all()
    assert (before != array).all()
    assert sum(graph.replays for graph in cuda.graphs) == 4
    assert isinstance(engine, KeepsInputs)
    assert isinstance(kept, KeptInput)


def test_people_take_turns_on_one_graph(doubled, on_emulated_card):
    engine, cuda = on_emulated_card(doubled)
    arrays = ring(1), ring(2)
    kept = [engine.keep("ring", array, axis=1) for array in arrays]
    for turn in range(6):
        who = turn % 2
        arrays[who][:, turn % 4] = turn
        kept[who].wrote(turn % 4)
        assert (engine.run({"ring": arrays[who]})["y"] == 2 * arrays[who]).all()
        stranger = ring(9 + turn)  # whom nobody keeps
        assert (engine.run({"ring": stranger})["y"] == 2 * stranger).all()

    assert len(cuda.graphs) == 1


def test_the_copy_of_an_array_that_is_gone_goes_too(doubled, on_emulated_card):
    engine, _ = on_emulated_card(doubled)
    for seed in range(5):
        array = ring(seed)
        engine.keep("ring", array, axis=1)
        del array
        gc.collect()

    assert len(engine._resident["ring"]) == 1


def test_the_cpu_reads_arrays_where_they_lie(doubled):
    with TorchEngine(doubled, device="cpu") as engine:
        assert engine.keep("ring", ring(), axis=1) is None
