"""Enrolment: the person to be watched, from a picture that a user gives.

The picture is looked at once, with the networks of the run; what is kept of it is a vector in
memory. A picture that does not show exactly one face that can be known by is refused.
"""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from engines.config import PerceptionConfig
from engines.errors import ConfigError
from engines.perception.face import Face
from engines.perception.identity.descriptor import Descriptor
from engines.perception.networks import PerceptionNetworks

_REMEDY: Final = "give a picture of the one person who is to be watched"


def enrol(picture: Path, networks: PerceptionNetworks, config: PerceptionConfig) -> Descriptor:
    """Return how the person in a picture looks.

    The colours are left out: the picture was taken on another day.

    Raises:
        ConfigError: If the picture cannot be read, or shows no face, several, or a very small one;
            or if the profile names no model for identities.
    """
    if networks.identity is None:
        msg = f"enrolment picture {picture}: perception.identity.model is null; name one to use it"
        raise ConfigError(msg)
    image = _read(picture)
    faces = _faces(image, networks, config)
    if len(faces) != 1:
        shown = f"{len(faces)} faces" if faces else "no face"
        msg = f"enrolment picture {picture}: expected one face, found {shown}; {_REMEDY}"
        raise ConfigError(msg)
    x1, _, x2, _ = faces[0].mesh.box_xyxy.tolist()
    if x2 - x1 < config.identity.min_face_px:
        msg = (
            f"enrolment picture {picture}: the face is {x2 - x1:.0f} px wide, expected at least "
            f"{config.identity.min_face_px:.0f}; give a larger picture"
        )
        raise ConfigError(msg)
    return Descriptor(networks.identity.embed(image, faces[0].mesh), None)


def _read(picture: Path) -> UInt8[ndarray, "H W 3"]:
    try:
        data = np.frombuffer(picture.read_bytes(), np.uint8)
    except OSError as error:
        msg = f"enrolment picture {picture}: {error.strerror or error}; {_REMEDY}"
        raise ConfigError(msg) from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if image is None:
        msg = f"enrolment picture {picture}: no picture that can be read; give a PNG or a JPEG"
        raise ConfigError(msg)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _faces(
    image: UInt8[ndarray, "H W 3"], networks: PerceptionNetworks, config: PerceptionConfig
) -> list[Face]:
    found = networks.persons.detect(image)
    sure = found.boxes_xyxy[found.scores >= config.detector.min_score]
    # a portrait may be so narrow that no person is detected in it: then all of it is one
    height, width = image.shape[:2]
    whole: Float32[ndarray, "1 4"] = np.array([[0, 0, width, height]], np.float32)
    for boxes in (sure, whole):
        faces = networks.faces.find(image, boxes, [None] * len(boxes))
        seen = [face for face in faces if face is not None]
        if seen:
            return seen
    return []
