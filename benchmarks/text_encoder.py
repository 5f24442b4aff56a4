"""What a text costs: CPU milliseconds an embedding by its length, and a masking of outcome words.

    .venv/bin/python benchmarks/text_encoder.py [--model minilm-l6] [--backend openvino] [--runs 50]

One thread; the tokenizer is counted in. The first text of a length is shown apart: a runtime may
prepare itself for it.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from engines.backends import open_engine
from engines.config import RuntimeConfig, TextConfig
from engines.engine import Engine
from engines.models.store import ModelStore
from engines.speech.outcome_words import OutcomeWords
from engines.speech.text_encoder import open_text_encoder

TOKENS = (16, 64, 128)
MARKS = 2  # [CLS] and [SEP]
WORDS = 64


def cpu_ms(work: Callable[[], object]) -> float:
    """Return the CPU milliseconds of this process that a piece of work takes."""
    began_s = time.process_time()
    work()
    return (time.process_time() - began_s) * 1e3


def main() -> None:
    """Print one line a length."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", default="minilm-l6")
    parser.add_argument("--backend", choices=["openvino", "onnxruntime"], default="openvino")
    parser.add_argument("--runs", type=int, default=50)
    options = parser.parse_args()

    def open_one(_: str, path: Path, *, outputs: Sequence[str] | None = None) -> Engine:
        return open_engine(path, RuntimeConfig(backend=options.backend), outputs=outputs)

    with open_text_encoder(TextConfig(model=options.model), ModelStore(), open_one) as encoder:
        for tokens in TOKENS:
            text = " ".join(["yes"] * (tokens - MARKS))
            assert len(encoder.token_ids(text)) == tokens
            first_ms, *times_ms = (
                cpu_ms(partial(encoder.embed, text)) for _ in range(options.runs + 1)
            )
            print(f"{tokens:4} tokens: {median(times_ms):6.2f} ms, the first {first_ms:6.2f} ms")
    lists = OutcomeWords.load("shipped")
    words = ["so"] * WORDS
    for language in ("en", "ko", None):
        times_ms = [cpu_ms(partial(lists.mask, words, language)) for _ in range(options.runs)]
        print(f"{WORDS} words masked, language {language}: {median(times_ms):.2f} ms")


if __name__ == "__main__":
    main()
