"""A transcript that is given: words with their times, from a file instead of from ears.

It says what was said in one recording, so it goes with one file and no live stream. Read are our
own records, as ``subface transcribe --format jsonl`` writes them, with a time for every word; and
captions (WebVTT, SubRip and what else FFmpeg knows), whose words are spread evenly over their cue
and are known at its end. All of it counts as the subject's, but for what a record says that
somebody else said.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import av
from pydantic import ValidationError

from engines.errors import ConfigError
from engines.spec.transcript import Speaker, Utterance, Word
from stream.records import Transcript, from_json

RECORDS: Final = (".jsonl", ".json")
_TAG: Final = re.compile(r"<[^>]*>|\{\\[^}]*\}")


def read_script(path: Path, source: str) -> tuple[Utterance, ...]:
    """Read what was said.

    Args:
        path: The file.
        source: The name of the source that it belongs to.

    Returns:
        Final utterances in the order in which they were known.

    Raises:
        ConfigError: If the file is missing, is neither records nor captions, or says nothing.
    """
    if not path.is_file():
        msg = f"transcript {path}: no such file"
        raise ConfigError(msg)
    read = _records if path.suffix.lower() in RECORDS else _captions
    said = sorted(read(path, source), key=lambda utterance: utterance.available_s)
    if not said:
        msg = f"transcript {path}: nothing is said in it; expected final transcripts, or captions"
        raise ConfigError(msg)
    return tuple(replace(utterance, number=number) for number, utterance in enumerate(said))


def _records(path: Path, source: str) -> Iterator[Utterance]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = from_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                msg = f"transcript {path}, line {number}: {first['msg']}; expected our records"
                raise ConfigError(msg) from error
            if isinstance(record, Transcript) and record.final:
                yield _utterance(
                    source,
                    record.words,
                    start_s=record.start_s,
                    end_s=record.end_s,
                    available_s=record.available_s,
                    language=record.language,
                    speaker=record.speaker,
                )


def _utterance(
    source: str,
    words: tuple[Word, ...],
    *,
    start_s: float,
    end_s: float,
    available_s: float,
    language: str | None = None,
    speaker: Speaker = "subject",
) -> Utterance:
    return Utterance(
        source=source,
        epoch=0,
        number=0,
        revision=0,
        final=True,
        start_s=start_s,
        end_s=end_s,
        available_s=available_s,
        language=language,
        speaker=speaker,
        person_id=None,  # the names that people have in a run are its own
        words=words,
    )


def _captions(path: Path, source: str) -> Iterator[Utterance]:
    try:
        with av.open(str(path)) as container:
            for packet in container.demux(container.streams.subtitles):
                words = _plain(bytes(packet)).split()
                if packet.pts is None or packet.duration is None or not words:
                    continue
                start_s = float(packet.pts * packet.time_base)
                end_s = start_s + float(packet.duration * packet.time_base)
                spread = _spread(words, start_s, end_s)
                yield _utterance(source, spread, start_s=start_s, end_s=end_s, available_s=end_s)
    except (av.FFmpegError, UnicodeDecodeError) as error:
        msg = f"transcript {path}: neither records (.jsonl) nor captions that can be read: {error}"
        raise ConfigError(msg) from error


def _plain(payload: bytes) -> str:
    return html.unescape(_TAG.sub("", payload.decode("utf-8")))


def _spread(words: list[str], start_s: float, end_s: float) -> tuple[Word, ...]:
    each_s = (end_s - start_s) / len(words)
    return tuple(
        Word(
            text=word,
            start_s=start_s + place * each_s,
            end_s=start_s + (place + 1) * each_s,
            probability=1.0,
            available_s=end_s,
        )
        for place, word in enumerate(words)
    )
