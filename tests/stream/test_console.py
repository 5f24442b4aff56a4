import io
from dataclasses import replace

import pytest
from rich.console import Console

from engines.spec.reading import Abstained
from stream.console import ConsoleView, gauge, media_time, reading_line


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
