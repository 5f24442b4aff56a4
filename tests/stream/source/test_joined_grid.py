"""The film that the words are placed in: each clip lies where it is said to, by sound and sight."""

import numpy as np
import pytest

RATE_HZ = 16_000
TOLERANCE_S = 0.04
SEARCH_S = 0.2


@pytest.fixture
def films(collect, joined_grid, media):
    """Return what comes of the film, and of each clip."""

    async def films(**wanted):
        whole = await collect(joined_grid.path, **wanted)
        paths = [media / f"grid/{clip.name}.mpg" for clip in joined_grid.clips]
        single = [await collect(path, **wanted) for path in paths]
        return whole, list(zip(joined_grid.clips, single, strict=True))

    return films


def samples(got):
    return np.concatenate([sound.samples for sound in got.sounds])


def small(frame):
    return frame.image[::8, ::8].astype(float)


async def test_the_sound_of_each_clip_lies_at_its_place(films):
    whole, clips = await films(pictures=False)
    sound = samples(whole)
    for clip, got in clips:
        piece = samples(got)
        reach = round(SEARCH_S * RATE_HZ)
        first = round(clip.start_s * RATE_HZ)
        around = np.pad(sound, reach)[first : first + len(piece) + 2 * reach]
        likeness = np.correlate(around, piece, mode="valid")
        assert abs(int(np.argmax(likeness)) - reach) / RATE_HZ < TOLERANCE_S
    assert not whole.gaps("audio")


async def test_the_picture_of_each_clip_lies_at_its_place(films):
    whole, clips = await films(sound=False)
    for clip, got in clips:
        for index in (0, 37, 74):
            shown = small(got.frames[index])
            near = [f for f in whole.frames if abs(f.time_s - clip.start_s - index / 25) < SEARCH_S]
            best = min(near, key=lambda frame: abs(small(frame) - shown).mean())
            assert abs(best.time_s - clip.start_s - got.frames[index].time_s) < TOLERANCE_S


def test_the_name_of_a_clip_is_its_sentence(joined_grid):
    said = {clip.name: clip.sentence for clip in joined_grid.clips}
    assert len(said) == 6
    assert said["bbaf2n"] == "bin blue at f two now"
    assert said["pwij3p"] == "place white in j three please"
