import numpy as np
import pytest

from stream.source.decode import Picture
from stream.source.program_time import parse
from stream.source.repeats import REMEMBERED, Repeats

START = 1_780_000_000.0


def playlist(*lines):
    return parse(["#EXTM3U", "#EXT-X-TARGETDURATION:2", *lines])


DATED = (
    "#EXT-X-PROGRAM-DATE-TIME:2026-05-28T20:26:40.000+0000",
    "#EXTINF:2.000,",
    "a.ts",
    "#EXTINF:1.500,",
    "b.ts",
    "#EXTINF:2.000,",
    "c.ts",
    "#EXTINF:2.000,",
    "d.ts",
)


def test_a_segment_without_a_date_follows_the_one_before_it():
    assert playlist(*DATED).starts == (START, START + 2, START + 3.5, START + 5.5)


def test_a_live_playlist_is_read_from_the_third_segment_from_its_end():
    assert playlist(*DATED).first_read() == START + 2
    assert playlist(*DATED[:5]).first_read() == START


def test_a_finished_playlist_is_read_from_its_beginning():
    assert playlist(*DATED, "#EXT-X-ENDLIST").first_read() == START


def test_after_a_discontinuity_the_date_is_unknown():
    starts = playlist(*DATED[:3], "#EXT-X-DISCONTINUITY", "#EXTINF:2,", "b.ts").starts
    assert starts == (START, None)


@pytest.mark.parametrize("date", ["yesterday", "2026-05-28T20:26:40.000"])
def test_a_date_that_is_none_or_has_no_zone_is_unknown(date):
    lines = (f"#EXT-X-PROGRAM-DATE-TIME:{date}", "#EXTINF:2,", "a.ts")
    assert playlist(*lines).first_read() is None


def test_an_empty_playlist_has_no_time():
    assert playlist().first_read() is None


def picture(index, shade=None):
    return Picture(
        pts_s=index / 25,
        duration_s=0.04,
        captured_at=START + index / 25,
        arrived_s=index / 25,
        image=np.full((48, 64, 3), index if shade is None else shade, np.uint8),
        after_damage=False,
    )


@pytest.fixture
def repeats():
    repeats = Repeats()
    repeats.reconnect()
    repeats.fresh([picture(i) for i in range(10)])
    repeats.reconnect()
    return repeats


def test_what_a_dead_playlist_sends_again_is_left_out(repeats):
    assert repeats.fresh([picture(i) for i in range(5, 10)]) == []


def test_what_comes_after_it_is_news_without_a_date(repeats):
    fresh = repeats.fresh([picture(i) for i in range(5, 13)])
    assert [item.pts_s for item in fresh] == [10 / 25, 11 / 25, 12 / 25]
    assert {item.captured_at for item in fresh} == {None}


def test_another_writer_with_the_same_timestamps_is_news(repeats):
    fresh = repeats.fresh([picture(i, shade=200) for i in range(5)])
    assert [item.pts_s for item in fresh] == [i / 25 for i in range(5)]
    assert fresh[0].captured_at == START


def test_only_the_newest_are_remembered(repeats):
    repeats.fresh([picture(i, shade=i % 251) for i in range(10, REMEMBERED + 20)])
    repeats.reconnect()
    assert repeats.fresh([picture(0)])
