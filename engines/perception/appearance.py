"""Appearance: what the person or the face in each box looks like, as one vector.

The crop is in the encoder's graph, so the frame goes in as it is and only vectors come back.
"""

from typing import Final

import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray

from engines.config import AppearanceCrop
from engines.engine import Engine
from engines.errors import EngineError
from engines.spec.tensors import EngineSpec, TensorSpec

FACE_MARGIN: Final = 1.5
"""The face mesh ends at the hairline; hair, ears and chin belong to how somebody looks."""

_FRAME: Final = TensorSpec("frame", (1, None, None, 3), np.dtype(np.uint8))


class AppearanceEncoder:
    """Embeds persons or faces; it does not care which.

    Args:
        engine: uint8 ``frame`` [1 H W 3] and float32 ``boxes`` [B 4] in pixels of the frame ->
            float32 ``embedding`` [B D]. B is fixed by the graph or left open.

    Raises:
        EngineError: If the engine is not of that kind.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._batch, self.width = _batch_and_width(engine.spec)

    def encode(
        self, image: UInt8[ndarray, "H W 3"], boxes_xyxy: Float[ndarray, "N 4"]
    ) -> Float32[ndarray, "N D"]:
        """Return the embedding of each box, read-only.

        Args:
            image: The frame.
            boxes_xyxy: In its pixels; they may reach over its edge.
        """
        boxes = np.asarray(boxes_xyxy, dtype=np.float32)
        at_once = self._batch or max(len(boxes), 1)
        embeddings = np.concatenate(
            [np.zeros((0, self.width), np.float32)]
            + [
                self._run(image, boxes[first : first + at_once])
                for first in range(0, len(boxes), at_once)
            ]
        )
        embeddings.setflags(write=False)
        return embeddings

    def _run(
        self, image: UInt8[ndarray, "H W 3"], boxes: Float32[ndarray, "B 4"]
    ) -> Float32[ndarray, "B D"]:
        missing = (self._batch or len(boxes)) - len(boxes)
        # a graph of fixed batch is filled up with the last box again
        filled = np.concatenate([boxes, boxes[-1:].repeat(missing, axis=0)])
        out = self._engine.run({"frame": image[None], "boxes": filled})["embedding"]
        return np.asarray(out, dtype=np.float32)[: len(boxes)]


def appearance_box(
    person_xyxy: Float32[ndarray, " 4"],
    face_xyxy: Float32[ndarray, " 4"] | None,
    crop: AppearanceCrop,
) -> Float32[ndarray, " 4"] | None:
    """Return what of a person is embedded; None if it is the face and none is seen."""
    if crop == "person":
        return person_xyxy
    if face_xyxy is None:
        return None
    low, high = face_xyxy[:2], face_xyxy[2:]
    centre, reach = (low + high) / 2, (high - low) / 2 * FACE_MARGIN
    box: Float32[ndarray, " 4"] = np.concatenate([centre - reach, centre + reach])
    return box


def _batch_and_width(spec: EngineSpec) -> tuple[int | None, int]:
    inputs = {tensor.name: tensor for tensor in spec.inputs}
    outputs = {tensor.name: tensor for tensor in spec.outputs}
    boxes, embedding = inputs.get("boxes"), outputs.get("embedding")
    if inputs.get("frame") == _FRAME and boxes is not None and embedding is not None:
        match boxes.shape, embedding.shape:
            case (batch, 4), (same, int(width)) if batch == same:
                return batch, width
    tensors = spec.inputs + spec.outputs
    has = ", ".join(f"{t.name} {np.dtype(t.dtype)}{list(t.shape)}" for t in tensors)
    msg = (
        "appearance: the model named in the profile is not of this kind: expected uint8 frame "
        f"[1, None, None, 3] and boxes [B, 4] to embedding [B, D], got {has}"
    )
    raise EngineError(msg)
