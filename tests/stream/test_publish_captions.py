import functools
import http.server
import itertools
import json
import os
import re
import subprocess
import threading

import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st

from engines.errors import ConfigError, SubfaceError
from stream.publish.captions import CaptionsWriter, block_of
from stream.publish.showing import Showing

JFK = (
    "And so, my fellow Americans, ask not what your country can do for you. "
    "Ask what you can do for your country."
)
TIMING = re.compile(
    r"^(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})$"
)

PAGE = """<!doctype html>
<video><track default kind="captions" src="out.vtt"></video><pre id="told">nothing</pre>
<script>
const element = document.querySelector("track");
const tell = what => document.getElementById("told").textContent = JSON.stringify(what);
element.track.mode = "hidden";
element.addEventListener("error", () => tell("error"));
element.addEventListener("load", () => tell([...element.track.cues].map(
    cue => [cue.startTime, cue.endTime, cue.getCueAsHTML().textContent])));
</script>
"""


def writer(path, **options):
    return CaptionsWriter(path, **({"source": "cam", "model": "whisper-base"} | options))


async def written(path, *records):
    async with writer(path) as captions:
        for record in records:
            await captions.put(record)
    return path


@pytest.fixture
def interview(samples):
    """Two voices, and texts that a player could take for something else."""
    return [
        samples.transcript(JFK, start_s=0.5),
        samples.transcript("Is a --> b & c < d?", start_s=11.0, utterance=1, speaker="other"),
        samples.transcript("<b>No</b> &amp; no.", start_s=20.0, utterance=2, speaker="unknown"),
        samples.transcript(
            "我们今天来谈一谈这个问题。", start_s=3723.5, utterance=3, language="zh"
        ),
    ]


def plain(cues):
    """What a viewer reads, in one line."""
    return [" ".join(text.split()) for text in cues]


READ = [
    "And so, my fellow Americans, ask not what your country can do for you.",
    "Ask what you can do for your country.",
    "Is a --> b & c < d?",
    "<b>No</b> &amp; no.",
    "我们今天来谈一谈这个问题。",
]


def times(path):
    """Start and end of every cue, in ms; each timing line must be as the format has it."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "-->" in line]
    assert all(TIMING.match(line) for line in lines)
    found = [tuple(map(int, TIMING.match(line).groups())) for line in lines]
    return [
        tuple(((h * 60 + m) * 60 + s) * 1000 + ms for h, m, s, ms in (row[:4], row[4:]))
        for row in found
    ]


# ------------------------------------------------------------------------------- for players


async def test_the_file_begins_as_the_format_asks_and_says_that_a_machine_made_it(
    tmp_path, samples
):
    path = await written(tmp_path / "out.vtt", samples.transcript(JFK))
    head, note, first = path.read_text(encoding="utf-8").split("\n\n")[:3]
    assert head == "WEBVTT"
    assert note.startswith("NOTE\nMachine-made by subface ")
    assert "whisper-base" in note
    assert first == (
        "00:00:01.000 --> 00:00:05.667\n"
        "<v Subject>And so, my fellow Americans,\nask not what your country can do for you."
    )


async def test_a_parser_reads_what_was_said_by_whom_and_when(tmp_path, interview):
    path = await written(tmp_path / "out.vtt", *interview)
    captions = webvtt.read(path)
    assert [(cue.start, cue.end) for cue in captions][:2] == [
        ("00:00:00.500", "00:00:05.167"),
        ("00:00:05.167", "00:00:07.833"),
    ]
    assert [cue.voice for cue in captions] == ["Subject", "Subject", "Other", None, "Subject"]
    assert captions[-1].start == "01:02:03.500"


async def test_ffmpeg_makes_subtitles_of_it(tmp_path, interview, need_tool):
    path = await written(tmp_path / "out.vtt", *interview)
    command = [need_tool("ffmpeg"), "-v", "warning", "-i", path, "-f", "srt", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    blocks = [block.split("\n", 2) for block in done.stdout.strip().split("\n\n")]
    assert [number for number, _, _ in blocks] == ["1", "2", "3", "4", "5"]
    assert blocks[-1][1].startswith("01:02:03,500 --> ")
    assert plain(text for _, _, text in blocks) == READ


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def served(tmp_path):
    """A folder, and its address on loopback."""
    handler = functools.partial(Quiet, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_a_browser_shows_it(served, interview, need_tool):
    folder, address = served
    path = await written(folder / "out.vtt", *interview)
    (folder / "page.html").write_text(PAGE)
    command = [
        need_tool("chromium"),
        *("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"),
        *("--virtual-time-budget=10000", "--dump-dom", f"{address}/page.html"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    shown = re.search('<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL).group(1)
    for escaped, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        shown = shown.replace(escaped, character)
    cues = json.loads(shown)
    assert [(start, end) for start, end, _ in cues] == [
        (start / 1000, end / 1000) for start, end in times(path)
    ]
    assert plain(text for _, _, text in cues) == READ


# ------------------------------------------------------------------------------- as it grows


async def test_cues_are_whole_in_the_file_as_soon_as_they_were_put(tmp_path, interview):
    path = tmp_path / "out.vtt"
    async with writer(path) as captions:
        assert len(webvtt.read(path)) == 0
        for n, transcript in zip((2, 3, 4, 5), interview, strict=True):
            await captions.put(transcript)
            assert path.read_text(encoding="utf-8").endswith("\n\n")
            assert len(webvtt.read(path)) == n


async def test_what_may_still_change_is_not_written(tmp_path, samples):
    path = tmp_path / "out.vtt"
    async with writer(path) as captions:
        for record in [
            samples.transcript("We", final=False),
            *samples.every_kind(),
            samples.transcript("Somebody else.", source="hall"),
        ]:
            await captions.put(record)
        count = captions.count
    assert [cue.text for cue in webvtt.read(path)] == ["We played well."]
    assert (count.edge, count.received, count.delivered, count.drops) == ("out.vtt", 1, 1, {})


# ------------------------------------------------------------------------------------- times


async def test_a_word_stands_long_enough_to_be_read(tmp_path, samples):
    path = await written(tmp_path / "out.vtt", samples.transcript("No.", a_second=10))
    assert times(path) == [(1000, 1500)]


async def test_an_utterance_that_begins_too_early_is_shown_after_the_one_before(tmp_path, samples):
    path = await written(
        tmp_path / "out.vtt",
        samples.transcript("one two three", start_s=1.0, a_second=1.0),
        samples.transcript("four five six", start_s=3.5, a_second=1.0, utterance=1),
    )
    assert times(path) == [(1000, 4000), (4000, 6500)]


async def test_an_epoch_goes_on_where_the_clock_does(tmp_path, samples):
    path = await written(
        tmp_path / "out.vtt",
        samples.transcript("one two three", start_s=1.0, a_second=1.0),
        samples.transcript("four five six", start_s=60.0, a_second=1.0, utterance=1, epoch=1),
    )
    assert times(path) == [(1000, 4000), (60_000, 63_000)]


async def test_captions_go_on_where_the_clock_began_again(tmp_path, samples):
    path = await written(
        tmp_path / "out.vtt",
        samples.transcript("one two three", start_s=100.0, a_second=1.0),
        samples.transcript("four five six", start_s=0.0, a_second=1.0, epoch=1),
        samples.transcript("seven eight nine", start_s=10.0, a_second=1.0, epoch=1, utterance=1),
    )
    assert times(path) == [(100_000, 103_000), (103_000, 106_000), (113_000, 116_000)]


async def test_voices_in_channels_of_their_own_are_shown_at_once(tmp_path, samples):
    path = await written(
        tmp_path / "out.vtt",
        samples.transcript("mhm", start_s=3.0, speaker="unknown", channel=1),
        samples.transcript("one two three", start_s=2.0, a_second=1.0, utterance=1, channel=0),
    )
    captions = webvtt.read(path)
    assert [(cue.text, cue.voice) for cue in captions] == [
        ("one two three", "Subject"),
        ("mhm", "Right"),
    ]
    assert times(path) == [(2000, 5000), (3000, 3500)]


async def test_captions_of_channels_are_in_the_file_when_listening_ends(tmp_path, samples):
    path = tmp_path / "out.vtt"
    async with writer(path) as captions:
        await captions.put(samples.transcript("one", start_s=3.0, channel=1))
        await captions.put(samples.transcript("two", start_s=40.0, utterance=1, channel=1))
        assert captions.count.delivered == 1  # whoever began earlier has come to an end by now
        await captions.put(samples.status(role="speech", state="ended"))
        assert captions.count.delivered == 2
        assert [cue.text for cue in webvtt.read(path)] == ["one", "two"]


async def test_hours_go_beyond_two_digits(tmp_path, samples):
    path = await written(tmp_path / "out.vtt", samples.transcript("late", start_s=100 * 3600.0))
    assert "100:00:00.000 --> 100:00:00.500\n" in path.read_text(encoding="utf-8")


utterances = st.lists(
    st.tuples(
        st.text(alphabet="ab -><&\n\r\x00漢.", min_size=1),
        st.floats(-5, 500),
        st.floats(0.2, 20),
        st.sampled_from(["subject", "other", "unknown"]),
        st.sampled_from(["en", "zh", None]),
    ),
    max_size=8,
)


@given(said=utterances)
def test_whatever_is_said_time_never_goes_back_and_the_file_stays_valid(
    said, samples, tmp_path_factory
):
    showing = Showing()
    text = "WEBVTT\n\n" + "".join(
        block_of(cue)
        for words, start_s, rate, speaker, language in said
        for cue in showing.add(
            samples.transcript(
                words, start_s=start_s, a_second=rate, speaker=speaker, language=language
            )
        )
    )
    path = tmp_path_factory.getbasetemp() / "said.vtt"
    path.write_text(text, encoding="utf-8", newline="")
    found = times(path)
    assert all(start < end for start, end in found)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(found))
    blocks = text.split("\n\n")[1:-1]
    assert all(TIMING.match(block.split("\n")[0]) for block in blocks)
    assert all(2 <= len(block.split("\n")) <= 3 for block in blocks)
    assert len(webvtt.read(path)) == len(found)


# ---------------------------------------------------------------------------------- failures


@pytest.mark.parametrize("name", ["absent/out.vtt", "folder.vtt"])
async def test_a_path_that_cannot_be_written_is_told_before_the_run(tmp_path, name):
    (tmp_path / "folder.vtt").mkdir()
    with pytest.raises(ConfigError, match=r"--captions .*cannot be written"):
        async with writer(tmp_path / name):
            pass


def test_captions_are_vtt(tmp_path):
    with pytest.raises(ConfigError, match=r"out.srt: captions are written as .vtt, got .srt"):
        writer(tmp_path / "out.srt")


async def test_a_full_disk_is_told_and_nothing_is_left_open(tmp_path):
    full = tmp_path / "full.vtt"
    full.symlink_to("/dev/full")
    with pytest.raises(SubfaceError, match=r"full.vtt: the head cannot be written: No space"):
        async with writer(full):
            pass


async def test_a_caption_that_cannot_be_written_is_counted(tmp_path, samples):
    path = tmp_path / "out.vtt"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    async with writer(path) as captions:
        assert os.read(reader, 6) == b"WEBVTT"
        os.close(reader)
        with pytest.raises(
            SubfaceError, match=r"out.vtt: caption 1 cannot be written: Broken pipe"
        ):
            await captions.put(samples.transcript())
        count = captions.count
    assert (count.received, count.delivered, count.drops) == (1, 0, {"failed": 1})
