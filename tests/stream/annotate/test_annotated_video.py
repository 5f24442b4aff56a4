import asyncio
import threading
from collections import Counter
from dataclasses import replace

import av
import numpy as np
import pytest

from stream.annotate import video as module
from stream.annotate.video import AnnotatedVideo, Artist
from stream.errors import AnnotatedVideoError
from stream.records import Status


def holds(count):
    return count.received == count.delivered + sum(count.drops.values())


@pytest.fixture
def brake(monkeypatch):
    """Stop the drawing until it is let go."""
    gate, draw = threading.Event(), Artist.draw

    def wait_and_draw(self, *arguments, **options):
        gate.wait()
        draw(self, *arguments, **options)

    monkeypatch.setattr(Artist, "draw", wait_and_draw)
    yield gate
    gate.set()


async def test_a_clip_is_drawn_whole_with_its_rate_and_sound(media, tmp_path, frame, seen, played):
    clip, path = media / "faces/single_face.mp4", tmp_path / "out.mp4"
    with av.open(clip) as container:
        pictures = [
            (picture.time, picture.to_ndarray(format="rgb24"))
            for picture in container.decode(video=0)
        ][:40]
    height, width, _ = pictures[0][1].shape
    box = [0.25 * width, 0.25 * height, 0.75 * width, 0.75 * height]
    async with AnnotatedVideo(path, source="test", live=False) as video:
        await video.put(_silent())
        for index, (time_s, image) in enumerate(pictures):
            shown = frame(time_s, image, index=index)
            await video.frame(shown, seen(shown, box))
    film = played(path)
    assert film.times == pytest.approx([t - pictures[0][0] for t, _ in pictures], abs=1e-3)
    assert film.pictures[0].shape == pictures[0][1].shape
    for before, after in zip([image for _, image in pictures], film.pictures, strict=True):
        change = np.abs(after.astype(int) - before.astype(int)).max(2)
        edge, middle = round(box[0]), slice(round(0.4 * height), round(0.6 * height))
        assert change[middle, edge - 1 : edge + 2].max(1).mean() > 40
        assert change[middle, round(0.4 * width) : round(0.6 * width)].mean() < 8
    assert video.count.delivered == len(pictures)


def _silent(source="test"):

    return Status(
        source=source, role="audio", state="absent", detail=None, since="2026-11-23T10:20:30Z"
    )


async def test_sound_is_kept_in_time(tmp_path, frame, seen, tone, played, grey):
    path = tmp_path / "out.mp4"
    async with AnnotatedVideo(path, source="test", live=False) as video:
        for step in range(75):
            if step >= 50:
                await video.sound(tone(step * 0.04, 0.04))
            shown = frame(step * 0.04, grey(240 if step >= 50 else 5))
            await video.frame(shown, seen(shown))
    film = played(path)
    bright = [picture[:60].mean() > 128 for picture in film.pictures]
    assert film.times[bright.index(True)] == pytest.approx(2.0, abs=1e-3)
    assert film.loud_s() == pytest.approx(2.0, abs=0.005)
    assert film.sound_s == pytest.approx(3.0, abs=0.07)


async def test_a_source_without_sound_gives_a_film_without_a_track(tmp_path, frame, seen, played):
    path = tmp_path / "out.mp4"
    async with AnnotatedVideo(path, source="test", live=False) as video:
        await video.put(_silent("another"))
        await video.put(_silent())
        await video.frame(frame(0.0), seen(frame(0.0)))
    assert played(path).samples is None


async def test_a_frame_shows_the_reading_of_its_own_hop(tmp_path, frame, seen, played, a_reading):
    """Readings come after the frames that they were made of, and show on those that follow."""

    path = tmp_path / "out.mp4"
    async with AnnotatedVideo(path, source="cam", live=False) as video:
        await video.put(_silent("cam"))
        for step in range(40):
            shown = frame(step * 0.04, source="cam")
            await video.frame(shown, seen(shown, [40, 10, 120, 100]))
            if step == 20:
                window = replace(a_reading.window, start_s=0.0, end_s=0.8)
                await video.put(replace(a_reading, window=window))
    pictures = played(path).pictures
    changed = [np.abs(p.astype(int) - pictures[0].astype(int)).max(2) > 60 for p in pictures]
    first = next(step for step, mask in enumerate(changed) if mask[60:90, 45:115].mean() > 0.05)
    assert first in {18, 19, 20}  # the tick that ends at 0.8 s begins a grid tick before


async def test_of_a_file_every_frame_is_drawn_and_the_file_waits(tmp_path, frame, seen, brake):
    video = AnnotatedVideo(tmp_path / "out.mp4", source="test", live=False)

    async def send():
        for step in range(60):
            await video.frame(frame(step * 0.04), seen(frame(step * 0.04)))

    async with video:
        sending = asyncio.create_task(send())
        await asyncio.wait([sending], timeout=0.2)
        assert not sending.done()
        assert video.count.received <= module.FRAMES_WAITING + module.HELD_BACK + 1
        brake.set()
        await sending
    assert video.count.delivered == 60
    assert video.count.drops == {}


async def test_a_live_source_never_waits_and_what_it_left_out_is_counted(
    tmp_path, frame, seen, brake, played
):
    path = tmp_path / "out.mp4"
    async with AnnotatedVideo(path, source="test", live=True) as video:
        await video.put(_silent())
        for step in range(200):
            await video.frame(frame(step * 0.04), seen(frame(step * 0.04)))
            await asyncio.sleep(0)  # as between two real frames
        assert video.count.received == 200
        brake.set()
    count = video.count
    assert holds(count)
    assert count.drops["overflow"] >= 200 - module.FRAMES_WAITING - module.HELD_BACK - 1
    film = played(path)
    assert len(film.times) == count.delivered
    # the newest were kept: all that is drawn last lies at the end
    assert film.times[-1] == pytest.approx(199 * 0.04, abs=1e-3)


async def test_sound_beyond_thirty_seconds_is_bounded_beside_a_stuck_disk(
    tmp_path, frame, seen, tone, brake, caplog
):
    async with AnnotatedVideo(tmp_path / "out.mp4", source="test", live=True) as video:
        await video.frame(frame(0.0), seen(frame(0.0)))
        for step in range(module.SOUNDS_WAITING + 7):
            await video.sound(tone(step * 0.02))
        brake.set()
    assert "7 stretches of sound were lost" in caplog.text


async def test_a_failing_disk_ends_the_video_and_not_the_source(tmp_path, frame, seen, caplog):
    path = tmp_path / "out.mp4"
    path.symlink_to("/dev/full")
    with pytest.raises(AnnotatedVideoError, match="No space left"):
        async with AnnotatedVideo(path, source="test", live=False) as video:
            for step in range(300):
                await video.frame(frame(step * 0.04), seen(frame(step * 0.04)))
            await video.settle(5)
            assert holds(video.count)
            assert video.count.drops["failed"] > 0
    assert Counter(record.levelname for record in caplog.records)["ERROR"] == 1


async def test_what_is_not_drawn_in_time_at_the_end_is_dropped_and_counted(
    tmp_path, frame, seen, monkeypatch
):
    slow, draw = threading.Event(), Artist.draw

    def draw_slowly(self, *arguments, **options):
        slow.wait(0.05)
        draw(self, *arguments, **options)

    monkeypatch.setattr(Artist, "draw", draw_slowly)
    async with AnnotatedVideo(tmp_path / "out.mp4", source="test", live=True) as video:
        for step in range(40):
            await video.frame(frame(step * 0.04), seen(frame(step * 0.04)))
        await video.settle(0.01)
        assert holds(video.count)
        assert video.count.drops["stopped"] > 0


async def test_a_place_that_cannot_be_written_is_found_before_anything_is_read(tmp_path):
    path = tmp_path / "absent" / "out.mp4"
    with pytest.raises(AnnotatedVideoError, match=r"absent/out\.mp4: .*: No such file"):
        async with AnnotatedVideo(path, source="test", live=False):
            pass


def test_another_kind_of_file_is_refused(tmp_path):
    with pytest.raises(AnnotatedVideoError, match=r"written as \.mp4, got \.avi"):
        AnnotatedVideo(tmp_path / "out.avi", source="test", live=False)


async def test_a_source_without_a_picture_leaves_no_file(tmp_path):
    path = tmp_path / "out.mp4"
    async with AnnotatedVideo(path, source="test", live=False) as video:
        pass
    assert not path.exists()
    assert video.count.received == 0
