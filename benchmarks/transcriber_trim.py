"""What the trim of Whisper's window costs and saves, margin by margin.

    .venv/bin/python benchmarks/transcriber_trim.py FOLDER [--media ../shared/media]

FOLDER is a Whisper model that CTranslate2 reads. Each clip is heard as a stream hears it: its first
second, its first two, and so on to twelve, in one pass each, English given. ``cuts`` are the passes
whose words (without case and punctuation) differ from those of the whole window of 30 s, ``words``
the share of words that do; ``wer`` is that of the whole clips against what is said in them, with
its interval over clips (bootstrap, 95 %); the untrimmed pass is the first row. One thread, int8.
"""

import argparse
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from faster_whisper.audio import decode_audio
from numpy import ndarray

from engines.config import SpeechConfig
from engines.spec.frame import SOUND_RATE_HZ
from engines.speech import trimmed_whisper
from engines.speech.transcriber import Transcriber

LIBRIVOX = Path("/usr/share/pocketsphinx/test/data/librivox")  # Debian: pocketsphinx-testdata
SAID = {
    "audio/jfk.flac": "and so my fellow americans ask not what your country can do for you ask"
    " what you can do for your country",
    "audio/librispeech_6930-75918-0000.flac": "concord returned to its place amidst the tents",
}
MARGINS_S = (8.0, 6.0, 4.0, 2.0, 1.0, 0.0)
HEARD_S = range(1, 13)
RESAMPLED = 2000


def main() -> None:
    """Print the table of one model."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--media", type=Path, default=Path("../shared/media"))
    options = parser.parse_args()
    clips = list(_clips(options.media))
    with Transcriber(options.folder, SpeechConfig(trim=False)) as whole:
        truth = _passes(whole, clips)
    print("margin   cuts of    words    wer                  cpu_s a pass   p95")
    _row("none", truth, truth, clips)
    for margin_s in MARGINS_S:
        trimmed_whisper.MARGIN_S = margin_s  # type: ignore[misc]
        with Transcriber(options.folder, SpeechConfig(trim=True)) as trimmed:
            _row(f"{margin_s:g} s", _passes(trimmed, clips), truth, clips)


Clip = tuple[ndarray, list[str]]
Pass = tuple[list[str], float]


def _clips(media: Path) -> Iterator[Clip]:
    for name, said in SAID.items():
        yield decode_audio(str(media / name)), said.split()
    for line in (LIBRIVOX / "transcription").read_text().splitlines():
        said, name = re.fullmatch(r"<s> (.*) </s> \((.*)\)", line).groups()  # type: ignore[union-attr]
        yield decode_audio(str(LIBRIVOX / f"{name}.wav")), said.split()


def _passes(transcriber: Transcriber, clips: Sequence[Clip]) -> list[list[Pass]]:
    """Return, clip by clip, the words and the processor seconds of each pass, the longest last."""
    heard = []
    for samples, _ in clips:
        ends = [s * SOUND_RATE_HZ for s in HEARD_S if s * SOUND_RATE_HZ < len(samples)]
        heard.append([_pass(transcriber, samples[:end]) for end in (*ends, len(samples))])
    return heard


def _pass(transcriber: Transcriber, samples: ndarray) -> Pass:
    began_s = time.process_time()
    hypothesis = transcriber.transcribe(samples, language="en")
    text = " ".join(word.text for word in hypothesis.words).lower()
    plain = re.sub(r"\bmr\b", "mister", re.sub(r"[^\w' ]", " ", text)).split()
    return plain, time.process_time() - began_s


def _row(
    name: str,
    passes: Sequence[Sequence[Pass]],
    truth: Sequence[Sequence[Pass]],
    clips: Sequence[Clip],
) -> None:
    flat = [one for clip in passes for one in clip]
    pairs = list(zip(flat, [one for clip in truth for one in clip], strict=True))
    cuts = sum(words != whole for (words, _), (whole, _) in pairs)
    differing = sum(_edits(words, whole) for (words, _), (whole, _) in pairs)
    total = sum(len(whole) for _, (whole, _) in pairs)
    errors = np.array(
        [_edits(of[-1][0], said) for of, (_, said) in zip(passes, clips, strict=True)]
    )
    lengths = np.array([len(said) for _, said in clips])
    drawn = np.random.default_rng(0).integers(len(clips), size=(RESAMPLED, len(clips)))
    low, high = np.quantile(errors[drawn].sum(1) / lengths[drawn].sum(1), (0.025, 0.975))
    wer = f"{errors.sum() / lengths.sum():.3f} ({low:.3f}-{high:.3f})"
    cpu_s = [spent for _, spent in flat]
    print(
        f"{name:7} {cuts:3} of {len(flat):3}  {differing / total:6.3f}   {wer:20}"
        f" {np.mean(cpu_s):6.3f} {np.quantile(cpu_s, 0.95):12.3f}"
    )


def _edits(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words are put in, left out or changed between the two."""
    row = list(range(len(other) + 1))
    for i, word in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, against in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != against))
    return row[-1]


if __name__ == "__main__":
    main()
