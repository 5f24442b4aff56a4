"""One runtime in a process of its own: two of them in one fight for the cores.

Usage: run_text_encoder.py BACKEND GRAPH TOKENIZER TEXTS.json PADDED.npz OUT.npz

OUT gets, of every text, the embedding by TextEncoder and by the graph fed with the padded ids of
PADDED, and the token ids, one array a text.
"""

import json
import sys
from pathlib import Path

import numpy as np

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.speech.text_encoder import TextEncoder


def main(backend, graph, tokenizer, texts, padded, out):
    said, given = json.loads(Path(texts).read_text()), np.load(padded)
    with open_engine(Path(graph), RuntimeConfig(backend=backend)) as engine:
        encoder = TextEncoder(engine, Path(tokenizer), max_tokens=128, name="test", digest="test")
        alone = [encoder.embed(text) for text in said]
        filled = [
            engine.run({"input_ids": ids[None], "attention_mask": seen[None]})["embedding"][0]
            for ids, seen in zip(given["ids"], given["seen"], strict=True)
        ]
        ids = {f"ids{k}": encoder.token_ids(text) for k, text in enumerate(said)}
    np.savez(out, alone=np.stack(alone), filled=np.stack(filled), **ids)


if __name__ == "__main__":
    main(*sys.argv[1:])
