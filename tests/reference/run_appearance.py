"""One runtime in a process of its own: two of them in one fight for the cores.

Usage: run_appearance.py BACKEND GRAPH IN.npz OUT.npz        OUT gets all at once and one by one.
"""

import sys
from pathlib import Path

import numpy as np

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.perception.appearance import AppearanceEncoder


def main(backend, graph, given, out):
    values = np.load(given)
    with open_engine(Path(graph), RuntimeConfig(backend=backend)) as engine:
        encoder = AppearanceEncoder(engine)
        together = encoder.encode(values["frame"], values["boxes"])
        alone = [encoder.encode(values["frame"], box[None])[0] for box in values["boxes"]]
    np.savez(out, together=together, alone=np.stack(alone))


if __name__ == "__main__":
    main(*sys.argv[1:])
