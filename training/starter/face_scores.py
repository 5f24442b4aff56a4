"""What the face encoder is worth on labelled faces: accuracy, AUC and calibration, with intervals.

    python -m training.starter.face_scores ../shared/data/fer2013_public_test.npz \
        --without ../shared/data/fer2013_train.npz --json scores.json

It scores the shipped weights in torch, in f32, as they are; ``subface evaluate starter`` scores the
graph that is made of them, and needs no torch. What the intervals mean is said in ``score``.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from engines.build.face_encoder_export import load_reader
from engines.errors import SubfaceError
from engines.models.starter_network import STARTER
from engines.networks.face_encoder import FaceReader
from training.starter.face_figures import draw_figures
from training.starter.faces import LabelledFaces, read_faces
from training.starter.score import Probabilities, face_scores


def read_probabilities(reader: FaceReader, faces: LabelledFaces) -> Probabilities:
    """Return what a network says of faces."""
    images = torch.from_numpy(faces.images.copy())
    with torch.inference_mode():
        found = torch.cat([reader(some)[0] for some in images.split(256)])
    probabilities: Probabilities = found.double().numpy()
    return probabilities


def main(arguments: Sequence[str] | None = None) -> int:
    """Score the starter's face encoder on labelled faces.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="training.starter.face_scores", description=main.__doc__)
    parser.add_argument("faces", type=Path, help=".npz with images and labels")
    parser.add_argument("--without", type=Path, help="leave out what is also in this file")
    parser.add_argument("--weights", type=Path, default=STARTER.parent, help="folder")
    parser.add_argument("--json", type=Path, help="where the scores go; otherwise they are shown")
    parser.add_argument("--figures", type=Path, help="folder for two pictures, .png")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        faces = read_faces(options.faces)
        if options.without is not None:
            faces = faces.without(read_faces(options.without))
        found = read_probabilities(load_reader(options.weights), faces)
        scores = face_scores(found, faces.labels)
        if options.figures is not None:
            draw_figures(found, faces.labels, options.figures)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    text = json.dumps({"faces": {name: asdict(score) for name, score in scores.items()}}, indent=2)
    if options.json is None:
        sys.stdout.write(f"{text}\n")
    else:
        options.json.write_text(f"{text}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
