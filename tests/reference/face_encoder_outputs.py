"""What the face encoder's weights make of faces in torch: run by .venv-build's Python.

Usage: face_encoder_outputs.py FOLDER|random IN.npz OUT.npz

IN has faces; OUT gets probabilities and embedding. Where the folder is ``random``, weights of a
network that was never trained are first written into the folder of OUT, with their graph.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from engines.build.face_encoder_export import GRAPH, export_face_encoder, load_reader, write_weights
from engines.networks.face_encoder import FaceEncoder


def main(place, given, out):
    torch.set_num_threads(1)
    folder = Path(out).parent if place == "random" else Path(place)
    if place == "random":
        torch.manual_seed(0)
        encoder = FaceEncoder()
        encoder(torch.randn(64, 1, 48, 48))  # so that the running means are no zeros
        write_weights(folder, encoder.eval(), temperature=0.5, smoothing=0.1, description={})
        export_face_encoder(folder, folder / GRAPH)
    faces = torch.from_numpy(np.load(given)["faces"])
    with torch.inference_mode():
        probabilities, embedding = load_reader(folder)(faces)
    np.savez(out, probabilities=probabilities.numpy(), embedding=embedding.numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
