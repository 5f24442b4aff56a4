import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engines.spec.frame import Frame
from stream.errors import SharedMemoryError
from stream.sight.frame_slots import FrameSlots, SlotReader

SHARED = Path("/dev/shm")
FORGOTTEN = """
import numpy as np
from stream.sight.frame_slots import FrameSlots
from engines.spec.frame import Frame
slots = FrameSlots()
frame = Frame(source="a", epoch=0, shot=0, index=0, time_s=0.0, captured_at=None, arrived_s=0.0,
              image=np.zeros((8, 8, 3), np.uint8))
print(slots.put(frame).segment, flush=True)
import os
os.kill(os.getpid(), 9)
"""


def frame(height=4, width=6, value=0, index=0):
    image = np.full((height, width, 3), value, np.uint8)
    return Frame(
        source="cam",
        epoch=1,
        shot=2,
        index=index,
        time_s=0.5,
        captured_at=None,
        arrived_s=7.0,
        image=image,
    )


def test_a_frame_is_the_same_on_the_other_side_and_read_only():
    sent = frame(value=9, index=3)
    with FrameSlots() as slots, SlotReader() as reader:
        slip = slots.put(sent)
        assert slip.frame.image.size == 0  # what is pickled has no picture
        got = reader.frame(slip)
        np.testing.assert_array_equal(got.image, sent.image)
        assert (got.source, got.epoch, got.shot, got.index) == ("cam", 1, 2, 3)
        with pytest.raises(ValueError, match="read-only"):
            got.image[0] = 1
        del got


def test_a_picture_that_is_not_contiguous_arrives_whole():
    whole = np.arange(4 * 12 * 3, dtype=np.uint8).reshape(4, 12, 3)
    with FrameSlots() as slots, SlotReader() as reader:
        sent = Frame(**{**fields(frame()), "image": whole[:, ::2]})
        np.testing.assert_array_equal(reader.frame(slots.put(sent)).image, whole[:, ::2])


def fields(of):
    return {name: getattr(of, name) for name in of.__dataclass_fields__}


def test_a_place_is_not_used_again_before_it_is_freed():
    with FrameSlots() as slots, SlotReader() as reader:
        first, second = slots.put(frame(value=1)), slots.put(frame(value=2))
        assert first.slot != second.slot
        slots.free(first)
        third = slots.put(frame(value=3))
        assert (third.slot, third.segment) == (first.slot, first.segment)
        assert reader.frame(second).image.max() == 2
        assert reader.frame(third).image.min() == 3
        assert len(slots) == 2


def test_a_larger_picture_makes_its_place_grow_and_a_smaller_one_fits():
    with FrameSlots() as slots, SlotReader() as reader:
        small = slots.put(frame(4, 4, 1))
        assert reader.frame(small).image.shape == (4, 4, 3)
        slots.free(small)
        large = slots.put(frame(400, 300, 2))
        assert large.segment != small.segment
        assert not (SHARED / small.segment).exists()
        assert reader.frame(large).image.min() == 2
        slots.free(large)
        again = slots.put(frame(4, 4, 3))
        assert again.segment == large.segment
        assert reader.frame(again).image.shape == (4, 4, 3)
        assert len(slots) == 1


def test_nothing_is_left_when_it_closes():
    with FrameSlots() as slots:
        segments = [slots.put(frame(value)).segment for value in (1, 2, 3)]
        assert all((SHARED / segment).exists() for segment in segments)
    assert not any((SHARED / segment).exists() for segment in segments)


def test_too_little_shared_memory_is_said_before_it_is_written_to():
    # twice what there is, and not one byte of it in this process
    room = os.statvfs(SHARED)
    rows = 2 * room.f_blocks * room.f_frsize // 3000 + 1
    image = np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (rows, 1000, 3))
    with FrameSlots() as slots:
        with pytest.raises(SharedMemoryError, match=r"no [0-9.]+ MB .* --shm-size"):
            slots.put(Frame(**{**fields(frame()), "image": image}))
        assert len(slots) == 0
        assert slots.put(frame()).slot == 0


def test_an_owner_that_is_killed_leaves_nothing():
    done = subprocess.run(
        [sys.executable, "-c", FORGOTTEN], capture_output=True, text=True, check=False, timeout=60
    )
    segment = done.stdout.strip()
    assert done.returncode == -9
    assert segment
    # stderr is shared with the tracker, so its end is the tracker's
    assert not (SHARED / segment).exists()
