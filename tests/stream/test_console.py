import io
from dataclasses import replace

import pytest
from rich.console import Console

from engines.spec.reading import Abstained
from stream.console import ConsoleView, gauge, media_time, reading_line, transcript_line


@pytest.mark.parametrize(
    ("valence", "bar"),
    [
        (1.0, "          │██████████"),
        (-1.0, "██████████│          "),
        (0.5, "          │█████     "),
        (0.0, "          │          "),
    ],
)
def test_the_gauge_grows_from_neutral(valence, bar):
    assert gauge(valence) == bar


def test_media_time_is_minutes_and_seconds():
    assert media_time(75.25) == "01:15.2"


def test_an_abstention_is_said_in_words(a_reading):
    reading = replace(
        a_reading, surface=None, abstained=Abstained(surface="no_face", fused="no_network")
    )
    assert "surface abstains: no face to read" in reading_line(reading).plain


async def test_every_kind_of_record_can_be_shown(samples):
    text = io.StringIO()
    view = ConsoleView(Console(file=text, width=200))
    records = samples.every_kind()
    for record in records:
        await view.put(record)
    assert view.count.received == len(records)
    assert "Summary" in text.getvalue()
    assert "DOES NOT ADD UP" not in text.getvalue()


@pytest.mark.parametrize(
    ("speaker", "shown"),
    [
        ("subject", "00:01.0  cam               p1    “We played well.”"),
        ("other", "00:01.0  cam               other  “We played well.”"),
        ("unknown", "00:01.0  cam               ?     “We played well.”"),
    ],
)
def test_an_utterance_is_one_line_and_dim_unless_somebody_watched_said_it(samples, speaker, shown):
    line = transcript_line(samples.transcript(speaker=speaker))
    assert line.plain == shown
    assert [str(span.style) for span in line.spans] == ["bold" if speaker == "subject" else "dim"]


def test_a_voice_nobody_is_known_by_is_told_by_its_channel(samples):
    said = [samples.transcript(speaker="unknown", channel=channel) for channel in (0, 1)]
    assert [transcript_line(one).plain.split()[2] for one in said] == ["left", "right"]


async def test_words_that_may_change_are_not_shown(samples):
    text = io.StringIO()
    view = ConsoleView(Console(file=text, width=200))
    await view.put(samples.transcript("We", final=False))
    assert text.getvalue() == ""
    await view.put(samples.transcript("We played."))
    assert text.getvalue().count("\n") == 1
    assert "“We played.”" in text.getvalue()
