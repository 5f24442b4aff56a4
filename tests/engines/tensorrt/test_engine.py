"""An engine's run on a card that is none: what is asked of it, in which order, what comes back."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from engines.backends.tensorrt_backend import TensorRtEngine
from engines.engine import Engine, KeepsInputs
from engines.errors import DeviceLostError, EngineError
from engines.spec.tensors import SpecMismatchError


def rows(count, first=1.0):
    return np.arange(first, first + 3 * count, dtype=np.float32).reshape(count, 3)


def frame(seed=0, height=96, width=640):
    image = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    image.setflags(write=False)
    return image


def since(card, work):
    """The calls of CUDA that a piece of work makes."""
    before = len(card.calls)
    work()
    return card.calls[before:]


def test_it_is_an_engine(opened, rows_graph):
    engine = opened(rows_graph)

    assert isinstance(engine, Engine)
    assert isinstance(engine, KeepsInputs)
    assert engine.spec.inputs[0].shape == (None, 3)
    assert [tensor.name for tensor in engine.spec.outputs] == ["doubled", "negated"]


def test_a_run_brings_computes_fetches_and_waits(opened, rows_graph, card):
    engine = opened(rows_graph)
    out = engine.run({"x": rows(2)})

    assert (out["doubled"] == 2 * rows(2)).all()
    assert (out["negated"] == -rows(2)).all()
    calls = since(card, lambda: engine.run({"x": rows(1)}))
    kept = [call for call in calls if call in {"cudaMemcpyAsync", "cudaStreamSynchronize"}]
    assert kept == [*["cudaMemcpyAsync"] * 3, "cudaStreamSynchronize"]
    assert not card.queue


def test_the_outputs_come_in_the_order_asked(opened, rows_graph):
    engine = opened(rows_graph, outputs=("negated", "doubled"))

    assert list(engine.run({"x": rows(1)})) == ["negated", "doubled"]


def test_a_later_run_leaves_earlier_outputs_alone(opened, rows_graph):
    engine = opened(rows_graph)
    outs = [engine.run({"x": rows(2, first)}) for first in range(5)]

    for first, out in enumerate(outs):
        assert (out["doubled"] == 2 * rows(2, first)).all()
        assert out["doubled"].flags.writeable
        assert out["doubled"].flags.owndata


@pytest.mark.parametrize(("count", "bucket"), [(1, 1), (2, 2), (3, 4), (5, 8), (7, 8), (8, 8)])
def test_a_batch_between_two_buckets_is_filled_up_and_cut_back(opened, rows_graph, count, bucket):
    engine = opened(rows_graph)
    out = engine.run({"x": rows(count)})

    assert engine._context.shapes == {"x": (bucket, 3)}
    assert out["doubled"].shape == (count, 3)
    assert (out["doubled"] == 2 * rows(count)).all()


@pytest.mark.parametrize("count", [0, 9])
def test_a_batch_that_the_plan_was_not_built_for_is_refused(opened, rows_graph, count):
    engine = opened(rows_graph)

    with pytest.raises(SpecMismatchError, match=rf"'x': expected 1 to 8 along axis 0.*got {count}"):
        engine.run({"x": np.zeros((count, 3), np.float32)})
    assert (engine.run({"x": rows(1)})["negated"] == -rows(1)).all()


def test_the_second_run_of_a_shape_is_captured_and_the_third_replayed(opened, rows_graph, card):
    engine = opened(rows_graph)
    calls = [since(card, lambda k=k: engine.run({"x": rows(2, k)})) for k in range(4)]

    assert "cudaStreamBeginCapture" not in calls[0]
    assert "cudaGraphLaunch" not in calls[1]
    for replay in calls[2:]:
        assert "cudaGraphLaunch" in replay
        assert "cudaStreamBeginCapture" not in replay
    second = [call for call in calls[1] if "Capture" in call or "Synchronize" in call]
    assert second == [
        "cudaStreamSynchronize",
        "cudaStreamBeginCapture",
        "cudaStreamEndCapture",
        "cudaStreamSynchronize",
    ]
    assert engine.graphs.captured == 1


def test_a_replay_computes_what_it_is_given(opened, rows_graph):
    engine = opened(rows_graph)

    for first in range(6):
        assert (engine.run({"x": rows(3, first)})["doubled"] == 2 * rows(3, first)).all()
    assert engine.graphs.captured == 1


def test_another_shape_is_another_graph(opened, rows_graph):
    engine = opened(rows_graph)
    engine.run({"x": rows(8)})  # the blocks grow once
    for count in (1, 2, 4, 8) * 3:
        assert (engine.run({"x": rows(count)})["doubled"] == 2 * rows(count)).all()

    assert engine.graphs.captured == 4


def test_another_address_is_another_graph(opened, rows_graph):
    engine = opened(rows_graph)
    for _ in range(3):
        engine.run({"x": rows(1)})
    engine.run({"x": rows(8)})  # its blocks grow, and so move
    told = engine._context.told
    outs = [engine.run({"x": rows(1, k)}) for k in range(3)]

    assert engine._context.told > told
    assert engine.graphs.captured == 2
    assert all((out["doubled"] == 2 * rows(1, k)).all() for k, out in enumerate(outs))


def test_graphs_are_bounded_and_what_never_returns_is_never_captured(opened, rows_graph, card):
    engine = opened(rows_graph, {"x": ((1, 3), (1, 3), (8, 3))})
    engine.graphs._most = 2
    for _ in range(4):
        for count in (8, 4, 2, 1):  # each is forgotten before it returns
            engine.run({"x": rows(count)})

    assert engine.graphs.captured == 0
    assert len(engine.graphs._graphs) == 2
    for _ in range(3):
        engine.run({"x": rows(1)})
    assert engine.graphs.captured == 1
    assert len(card.executables) == 1


def test_a_capture_that_fails_is_said_once_and_the_engine_goes_on(opened, rows_graph, card, caplog):
    engine = opened(rows_graph)
    card.fails["cudaStreamBeginCapture"] = 900
    outs = [engine.run({"x": rows(2, k)}) for k in range(5)]

    assert all((out["doubled"] == 2 * rows(2, k)).all() for k, out in enumerate(outs))
    said = [record.message for record in caplog.records]
    assert len(said) == 1
    assert "rows runs without captured graphs" in said[0]
    assert card.calls.count("cudaStreamBeginCapture") == 1


def test_a_capture_that_breaks_off_leaves_the_stream_usable(opened, rows_graph, card, caplog):
    engine = opened(rows_graph)
    card.fails["cudaStreamEndCapture"] = 901
    outs = [engine.run({"x": rows(2, k)}) for k in range(4)]

    assert all((out["negated"] == -rows(2, k)).all() for k, out in enumerate(outs))
    assert len(caplog.records) == 1
    assert not card.executables


def test_three_engines_that_look_at_one_frame_bring_it_once(opened, frame_graph, chain):
    engines = [opened(frame_graph) for _ in range(3)]
    images = [frame(seed) for seed in range(4)]
    for image in images:
        for engine in engines:
            out = engine.run({"frame": image[None]})  # a new view each time
            assert np.allclose(out["mean"][0, 0, 0], image.mean((0, 1)), atol=0.01)

    assert chain.uploads.brought == 4
    assert chain.uploads.shared == 8


def test_what_may_still_be_written_is_brought_each_time(opened, frame_graph, chain):
    engine = opened(frame_graph)
    image = frame().copy()
    first = engine.run({"frame": image[None]})["mean"]
    image[:] = 7
    view = image[None]
    view.setflags(write=False)  # of something that may be written
    second = engine.run({"frame": view})["mean"]

    assert first.mean() != 7
    assert (second == 7).all()
    assert chain.uploads.brought == 0


def test_a_new_frame_in_the_memory_of_an_old_one_is_a_new_frame(opened, frame_graph, chain):
    """Frames come to the eyes' process in slots that are filled again and again."""
    engine = opened(frame_graph)
    slot = bytearray(96 * 640 * 3)
    means = []
    for value in (10, 20, 30):
        slot[:] = bytes([value]) * len(slot)
        image = np.ndarray((96, 640, 3), np.uint8, buffer=slot)
        image.setflags(write=False)
        means += [engine.run({"frame": image[None]})["mean"].mean() for _ in range(2)]

    assert means == [10, 10, 20, 20, 30, 30]
    assert (chain.uploads.brought, chain.uploads.shared) == (3, 3)


def test_frames_of_one_size_take_turns_in_the_same_places(opened, frame_graph, chain, card):
    engine = opened(frame_graph)
    for seed in range(12):
        engine.run({"frame": frame(seed)[None]})
    reserved = len(card.card)
    for seed in range(12, 40):
        engine.run({"frame": frame(seed)[None]})

    assert len(card.card) == reserved
    assert engine.graphs.captured == 4  # one for each place


def test_engines_compute_in_one_block_of_the_neediests_size(opened, rows_graph, chain, card):
    small, large, middle = (opened(rows_graph, memory=size) for size in (4096, 70_000, 9000))

    for engine in (small, large, middle):
        engine.run({"x": rows(1)})
    assert chain.scratch.size == 70_000
    memories = {engine._context.memory for engine in (small, large, middle)}
    assert memories == {(chain.scratch.address, 70_000)}


def test_when_the_block_moves_everyone_is_told_and_captures_anew(opened, rows_graph, chain):
    first = opened(rows_graph, memory=4096)
    for _ in range(3):
        first.run({"x": rows(1)})
    before = first._context.memory
    second = opened(rows_graph, memory=1 << 20)
    second.run({"x": rows(1)})
    outs = [first.run({"x": rows(1, k)}) for k in range(3)]

    assert first._context.memory != before
    assert first.graphs.captured == 2
    assert all((out["doubled"] == 2 * rows(1, k)).all() for k, out in enumerate(outs))


def test_everything_is_given_back(opened, rows_graph, frame_graph, card):
    engines = [opened(rows_graph), opened(frame_graph)]
    for _ in range(3):
        engines[0].run({"x": rows(5)})
        engines[1].run({"frame": frame()[None]})
    for engine in engines:
        with engine:
            pass

    assert not card.card
    assert not card.pinned
    assert not card.executables
    assert card.calls.count("cudaStreamDestroy") == 1


def test_a_thousand_runs_reserve_nothing_new(opened, rows_graph, card):
    engine = opened(rows_graph)
    for count in (8, 3, 1):
        engine.run({"x": rows(count)})
    reserved, pinned = dict(card.card), dict(card.pinned)
    for nth in range(1000):
        engine.run({"x": rows(1 + nth % 8)})

    assert card.card.keys() == reserved.keys()
    assert card.pinned.keys() == pinned.keys()
    assert len(card.executables) <= 16


def test_too_little_memory_says_how_much_was_asked_for_and_is_free(opened, rows_graph):
    with pytest.raises(EngineError) as caught:
        opened(rows_graph, memory=3 << 30)

    assert str(3 << 30) in str(caught.value)
    assert f"of {1 << 30} are free" in str(caught.value)
    assert not isinstance(caught.value, DeviceLostError)
    assert "\n" not in str(caught.value)


def test_an_engine_that_found_no_memory_leaves_the_others_running(opened, rows_graph):
    first = opened(rows_graph, memory=4096)
    first.run({"x": rows(1)})
    with pytest.raises(EngineError):
        opened(rows_graph, memory=3 << 30)

    assert (first.run({"x": rows(2)})["doubled"] == 2 * rows(2)).all()


def test_a_plan_of_another_card_is_one_line(binding, chain):
    with pytest.raises(EngineError, match=r"foreign: TensorRT does not load its plan: Magic tag"):
        TensorRtEngine(b"of another card", binding, chain, name="foreign")


def test_a_shape_that_the_context_refuses_is_one_line(opened, rows_graph):
    engine = opened(rows_graph)
    engine._context.set_input_shape = lambda name, shape: False

    with pytest.raises(EngineError, match=r"rows: TensorRT does not take 'x' of \[1, 3\]"):
        engine.run({"x": rows(1)})


@pytest.mark.parametrize("code", [700, 719])
@pytest.mark.parametrize("call", ["cudaStreamSynchronize", "cudaMemcpyAsync", "execute"])
def test_a_sticky_error_loses_the_card_for_good(opened, rows_graph, card, chain, call, code):
    engine = opened(rows_graph)
    engine.run({"x": rows(1)})
    card.fails[call] = code

    with pytest.raises(DeviceLostError, match=rf"\({code}\).*a new one may") as caught:
        engine.run({"x": rows(1)})
    assert "\n" not in str(caught.value)
    asked = len(card.calls)
    with pytest.raises(DeviceLostError):
        engine.run({"x": rows(1)})
    assert len(card.calls) == asked  # nothing is asked of it any more
    with engine:
        pass


def test_a_passing_error_is_no_lost_card(opened, rows_graph, card):
    engine = opened(rows_graph)
    card.fails["cudaMemcpyAsync"] = 1

    with pytest.raises(EngineError, match="cudaErrorInvalidValue") as caught:
        engine.run({"x": rows(1)})
    assert not isinstance(caught.value, DeviceLostError)
    card.fails.clear()
    assert (engine.run({"x": rows(1)})["doubled"] == 2 * rows(1)).all()


def test_a_failed_upload_is_not_taken_for_one_that_is_there(opened, frame_graph, card):
    engine, image = opened(frame_graph), frame()
    card.fails["cudaMemcpyAsync"] = 1
    with pytest.raises(EngineError):
        engine.run({"frame": image[None]})
    card.fails.clear()

    out = engine.run({"frame": image[None]})
    assert np.allclose(out["mean"][0, 0, 0], image.mean((0, 1)), atol=0.01)


def test_two_threads_take_turns_on_one_stream(opened, rows_graph, frame_graph):
    counted, looked_at = opened(rows_graph), opened(frame_graph)

    def count():
        for nth in range(150):
            out = counted.run({"x": rows(1 + nth % 8, nth)})
            assert (out["doubled"] == 2 * rows(1 + nth % 8, nth)).all()

    def look():
        for nth in range(150):
            image = frame(nth % 5)
            out = looked_at.run({"frame": image[None]})
            assert np.allclose(out["mean"][0, 0, 0], image.mean((0, 1)), atol=0.01)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(count), threads.submit(look)]:
            done.result()


def test_a_thread_is_told_of_the_card_before_anything_is_asked(opened, rows_graph, card):
    engine = opened(rows_graph)

    assert since(card, lambda: engine.run({"x": rows(1)}))[0] == "cudaSetDevice"


def test_an_older_binding_is_asked_by_the_names_it_has(binding):
    context, engine = SimpleNamespace(), SimpleNamespace(device_memory_size=4096)
    binding.give_memory(context, 512, 4096)

    assert context.device_memory == 512
    assert binding.memory_bytes(engine) == 4096
    assert binding.can_capture(context, 77)
    del binding.trt.IProgressMonitor
    assert binding.monitor(print) is None
