"""What only a card can tell; nobody has run these yet."""

import numpy as np
import pytest
import torch

from engines.backends.torch_backend import TorchEngine

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here"),
]


def batch(rows, seed=0):
    return {"x": np.random.default_rng(seed).normal(size=(rows, 4)).astype(np.float32)}


def test_eager_and_replayed_batches_are_those_of_the_cpu(halves):
    with TorchEngine(halves, device="cuda:0") as card, TorchEngine(halves, device="cpu") as cpu:
        for seed in range(6):
            for rows in (1, 7):
                ours, theirs = (e.run(batch(rows, seed))["means"] for e in (card, cpu))
                assert np.allclose(ours, theirs, atol=1e-5)
        assert card._card.graphs.capturing
        assert len(card._card.graphs) == 2
        assert "cuda:0" in card.name


def test_ten_thousand_runs_leave_the_memory_as_it_was(halves):
    with TorchEngine(halves, device="cuda:0") as engine:
        for seed in range(10):
            engine.run(batch(3, seed))
        torch.cuda.synchronize()
        before = torch.cuda.memory_reserved(), torch.cuda.memory_allocated()
        for seed in range(10_000):
            engine.run(batch(3, seed))
        torch.cuda.synchronize()
        assert (torch.cuda.memory_reserved(), torch.cuda.memory_allocated()) == before


def test_shapes_that_come_and_go_leave_the_memory_bounded(halves):
    with TorchEngine(halves, device="cuda:0") as engine:
        sizes = []
        for around in range(4):
            for rows in range(1, 20):
                for seed in range(3):
                    engine.run(batch(rows, seed))
            sizes.append(torch.cuda.memory_allocated())
            assert len(engine._card.graphs) <= 8, around
        assert sizes[-1] == sizes[-2]
