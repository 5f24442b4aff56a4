"""What the text head's weights make of MiniLM's vectors in torch: run by .venv-build's Python.

Usage: text_head_outputs.py FOLDER IN.npy OUT.npy

IN has embeddings; OUT gets logits.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from engines.build.text_head_export import load_head


def main(folder, given, out):
    torch.set_num_threads(1)
    head, _ = load_head(Path(folder))
    with torch.inference_mode():
        np.save(out, head(torch.from_numpy(np.load(given))).numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
