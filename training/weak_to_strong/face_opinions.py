"""What fer's network says of faces, kept by each picture's pixels.

    .venv/bin/python -m training.weak_to_strong.face_opinions --data ../shared/data \
        --out runs/faces/fer.npz

A program of its own, since its graph is opened by OpenVINO, and students by torch, which live in
two environments. It is handed pictures without labels, and what it said is found again by a
picture's pixels, so that no label, order or split can enter.
"""

import argparse
import hashlib
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float64, UInt8
from numpy import ndarray

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.errors import ConfigError, SubfaceError
from engines.models.store import ModelStore
from engines.perception.expression import PeerExpressions
from training.pseudo_label.opinions import Opinions
from training.starter.faces import read_faces

MODEL: Final = "fer-expression"
TRAIN: Final = "fer2013_train.npz"
TEST: Final = "fer2013_public_test.npz"

Pictures = UInt8[ndarray, "N 48 48"]


def said_of(pictures: Pictures, reader: PeerExpressions) -> Float64[ndarray, "N 7"]:
    """Return the probabilities of ``EXPRESSIONS``, each picture by itself."""
    looks = [reader.read_grey(picture).expression.astype(np.float64) for picture in pictures]
    soft = np.stack(looks)
    return np.asarray(soft / soft.sum(axis=1, keepdims=True))


def write_opinions(pictures: Pictures, reader: PeerExpressions, path: Path) -> None:
    """Write what a network says of each different picture."""
    digests, first = np.unique(_digests(pictures), return_index=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez(part, digests=digests, soft=said_of(pictures[first], reader))
    part.replace(path)


def read_opinions(path: Path, pictures: Pictures) -> Opinions:
    """Return what was said of pictures, in their order.

    Raises:
        ConfigError: If the file is missing or damaged, or nobody was asked about one of them.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            digests, soft = arrays["digests"], arrays["soft"]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        msg = (
            f"{path}: expected what `python -m training.weak_to_strong.face_opinions` writes: "
            f"{error}"
        )
        raise ConfigError(msg) from error
    asked = _digests(pictures)
    places = np.searchsorted(digests, asked).clip(max=len(digests) - 1)
    missing = int((digests[places] != asked).sum())
    if missing:
        msg = f"{path}: nothing is said of {missing} of {len(pictures)} pictures; ask again"
        raise ConfigError(msg)
    return Opinions(soft[places])


def _digests(pictures: Pictures) -> ndarray:
    # in hex: numpy's own bytes lose the zeros at their end
    return np.array([hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures])


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask fer's network about all pictures of FER-2013.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="training.weak_to_strong.face_opinions", description=main.__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help=f"folder of {TRAIN} and {TEST}")
    parser.add_argument("--out", type=Path, required=True, help="what it said, .npz")
    options = parser.parse_args(arguments)
    try:
        store = ModelStore()
        store.require([MODEL])
        pictures = np.concatenate(
            [read_faces(options.data / name).images for name in (TRAIN, TEST)]
        )
        runtime = RuntimeConfig(backend="openvino", threads=1)
        with open_engine(store.path(MODEL), runtime) as engine:
            write_opinions(pictures, PeerExpressions(engine), options.out)
    except SubfaceError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
