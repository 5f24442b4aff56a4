"""One runtime in a process of its own, over all graphs: two of them in one fight for the cores.

Usage: run_graphs.py BACKEND JOBS.json        BACKEND.npz goes beside each job's inputs.npz.
"""

import json
import sys
from pathlib import Path

import numpy as np

from engines.backends import open_engine
from engines.config import RuntimeConfig


def main(backend, jobs):
    for job in json.loads(Path(jobs).read_text()):
        given, found = np.load(Path(job["folder"]) / "inputs.npz"), {}
        batches = {}
        for key in given.files:
            batch, _, name = key.partition("/")
            batches.setdefault(batch, {})[name] = given[key]
        runtime = RuntimeConfig(backend=backend, device="cpu")
        with open_engine(Path(job["graph"]), runtime) as engine:
            for batch, inputs in batches.items():
                for output, value in engine.run(inputs).items():
                    found[f"{batch}/{output}"] = value
        np.savez(Path(job["folder"]) / f"{backend}.npz", **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
