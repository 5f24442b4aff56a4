import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from stream.listening_view import ListeningView, progress

ERASED = "\r\x1b[2K"


@pytest.fixture
def screen():
    return io.StringIO()


@pytest.fixture
def console(screen):
    return Console(file=screen, width=30, force_terminal=True, color_system=None)


async def test_words_that_may_change_are_erased_before_they_are_written_anew(
    screen, console, samples
):
    view = ListeningView(console, partials=True)
    await view.put(samples.transcript("We", final=False))
    assert screen.getvalue() == "00:01.0  We"
    await view.put(samples.transcript("We play", final=False))
    assert screen.getvalue().endswith(f"{ERASED}00:01.0  We play")
    await view.put(samples.transcript("We played.", final=True))
    assert screen.getvalue().endswith(ERASED)
    assert "\n" not in screen.getvalue()


@pytest.mark.parametrize("words", ["word " * 40, "漢" * 80])
async def test_of_a_long_utterance_the_newest_words_are_shown_on_one_line(
    screen, console, samples, words
):
    view = ListeningView(console, partials=True)
    await view.put(samples.transcript(words, final=False))
    shown = screen.getvalue()
    assert "\n" not in shown
    assert 26 <= cell_len(shown) < 30
    assert shown.startswith("00:01.0  ")
    assert shown.endswith(words.strip()[-1])


async def test_in_a_pipe_only_what_went_wrong_is_told(screen, samples):
    view = ListeningView(Console(file=screen, width=200), partials=False)
    records = [
        *samples.every_kind(),
        samples.transcript(final=False),
        samples.status("reconnecting", role="audio"),
    ]
    for record in records:
        await view.put(record)
    lines = screen.getvalue().splitlines()
    assert lines == [
        "cam  video gap of 2.5 s: disconnected",
        "cam  audio reconnecting: None",
    ]
    assert view.count.received == view.count.delivered == 3


async def test_what_went_wrong_is_told_on_a_line_of_its_own(screen, console, samples):
    view = ListeningView(console, partials=True)
    await view.put(samples.transcript("We", final=False))
    await view.put(samples.gap())
    assert screen.getvalue().startswith(f"00:01.0  We{ERASED}cam  video gap of 2.5 s")


def test_a_bar_says_how_far_a_file_is(screen, console):
    with progress(console, name="talk", duration_s=100.0) as reached:
        reached(25.0)
        reached(130.0)  # a container may be wrong about its length
    assert "talk" in screen.getvalue()
    assert "100%" in screen.getvalue()


def test_a_length_that_is_not_known_shows_no_bar(screen, console):
    with progress(console, name="talk", duration_s=None) as reached:
        reached(25.0)
    assert screen.getvalue() == ""
