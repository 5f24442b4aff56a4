"""CUDA graphs on a card that is emulated; what torch's own module asks for is held against it."""

import inspect
import logging

import numpy as np
import pytest
import torch

from engines.backends.torch_backend import TorchEngine


def batch(rows, seed=0):
    return {"x": np.random.default_rng(seed).normal(size=(rows, 4)).astype(np.float32)}


def means(given):
    return given["x"].reshape(-1, 2, 2).mean(2)


def test_the_second_batch_of_a_shape_is_captured_and_later_ones_are_replayed(
    halves, on_emulated_card
):
    engine, cuda = on_emulated_card(halves)
    seen = []
    for seed in range(5):
        given = batch(3, seed)
        assert np.allclose(engine.run(given)["means"], means(given), atol=1e-6)
        seen.append((len(cuda.graphs), sum(graph.replays for graph in cuda.graphs)))

    assert seen == [(0, 0), (1, 1), (1, 2), (1, 3), (1, 4)]


def test_a_replay_makes_the_calls_of_the_program_and_no_other(halves, on_emulated_card):
    engine, cuda = on_emulated_card(halves)
    for seed in range(2):
        engine.run(batch(3, seed))

    called = [func._schema.name for func, *_ in cuda.graphs[0].calls]
    assert called == ["aten::reshape", "aten::mean"]


def test_each_shape_has_a_graph_of_its_own_from_one_pool(halves, on_emulated_card):
    engine, cuda = on_emulated_card(halves)
    for rows in (3, 5, 3, 5, 3):
        given = batch(rows, rows)
        assert np.allclose(engine.run(given)["means"], means(given), atol=1e-6)

    assert [graph.replays for graph in cuda.graphs] == [2, 1]
    assert len(set(map(id, cuda.pools))) == 1


def test_a_shape_that_made_room_is_captured_again_when_it_comes_back(halves, on_emulated_card):
    engine, cuda = on_emulated_card(halves, capacity=2)
    for rows in (1, 1, 2, 2, 3, 3, 1, 1):
        given = batch(rows, rows)
        assert np.allclose(engine.run(given)["means"], means(given), atol=1e-6)
        assert len(engine._card.graphs) <= 2

    assert len(cuda.graphs) == 4


def test_a_program_that_makes_room_takes_its_graph_along(halves, on_emulated_card, monkeypatch):
    monkeypatch.setattr("engines.backends.torch_backend.SHAPES", 2)
    engine, cuda = on_emulated_card(halves)
    for rows in (1, 1, 2, 2, 3, 3, 1, 1):  # the first's tensors are gone: its graph read them
        given = batch(rows, rows)
        assert np.allclose(engine.run(given)["means"], means(given), atol=1e-6)
        assert len(engine._card.graphs) <= 2

    assert len(cuda.graphs) == 4


def test_an_earlier_output_stays_when_a_replay_writes_anew(halves, on_emulated_card):
    engine, _ = on_emulated_card(halves)
    outputs = [engine.run(batch(2, seed))["means"] for seed in range(4)]

    for seed, output in enumerate(outputs):
        assert np.allclose(output, means(batch(2, seed)), atol=1e-6)


def test_where_no_graph_can_be_captured_it_is_said_once_and_computed_all_the_same(
    halves, on_emulated_card, caplog
):
    error = RuntimeError("CUDA error: operation not permitted\nadvice on many lines")
    engine, cuda = on_emulated_card(halves, error=error)
    with caplog.at_level(logging.WARNING):
        for seed in range(4):
            given = batch(3 + seed % 2, seed)
            assert np.allclose(engine.run(given)["means"], means(given), atol=1e-6)

    assert len(cuda.graphs) == 1
    (said,) = caplog.messages
    assert said == (
        "small: no CUDA graph can be captured, it runs step by step from here: "
        "CUDA error: operation not permitted"
    )


def test_the_emulated_card_refuses_what_a_card_refuses(emulated):
    cuda = emulated.EmulatedCuda()
    x = torch.ones(3)
    for forbidden in (lambda: x.sum().item(), lambda: torch.tensor([1.0]) + x, x.nonzero):
        with (
            torch.inference_mode(),  # as the backend computes
            pytest.raises(RuntimeError, match="not permitted when stream is capturing"),
            cuda.graph(cuda.CUDAGraph(), capture_error_mode="thread_local"),
        ):
            forbidden()


def test_torch_takes_the_calls_that_we_make():
    graph = inspect.signature(torch.cuda.graph)
    graph.bind(None, pool=None, stream=None, capture_error_mode="thread_local")
    assert graph.parameters["capture_error_mode"].default == "global"
    inspect.signature(torch.cuda.CUDAGraph.replay).bind(None)
    inspect.signature(torch.cuda.graph_pool_handle).bind()
    inspect.signature(torch.cuda.get_device_name).bind(torch.device("cuda:0"))
    inspect.signature(torch.cuda.stream).bind(None)
    inspect.signature(torch.cuda.Stream.__new__).bind(torch.cuda.Stream, torch.device("cuda:0"))
    inspect.signature(torch.cuda.Stream.synchronize).bind(None)


def test_the_emulated_card_takes_what_torch_takes(emulated):
    cuda = emulated.EmulatedCuda()
    theirs = inspect.signature(torch.cuda.graph).parameters
    for name, ours in inspect.signature(cuda.graph).parameters.items():
        assert theirs[name].default == ours.default
    assert hasattr(torch.cuda.CUDAGraph, "replay")


def test_on_the_cpu_there_are_no_graphs(halves):
    with TorchEngine(halves, device="cpu") as engine:
        assert engine._card is None
