"""What feeds each modality of a network, by name and by the digest of the weights.

A network is only to be given what it learned from. An extraction writes this beside its features,
a checkpoint keeps it, and a live run holds its own against it.
"""

import hashlib
from typing import Final

from engines.config import PerceptionConfig, TextConfig
from engines.models.store import ModelStore
from engines.sequence.checkpoint import Fed
from engines.sequence.shape import Modality

HOLISTIC: Final = "holistic"


def feed(
    store: ModelStore, perception: PerceptionConfig, text: TextConfig | None
) -> dict[Modality, Fed]:
    """Return what feeds a run; a modality that nothing feeds is left out.

    Args:
        store: Where the models are.
        perception: What looks, and at what.
        text: None if nobody listens and nothing is read out.

    Raises:
        ConfigError: If the manifest lacks a model.
        ModelError: If a model is missing or not the one that the manifest names.
    """
    fed: dict[Modality, Fed] = {}
    appearance, keypoints = perception.appearance, perception.keypoints
    if appearance.model is not None:
        fed["image"] = Fed(
            name=_looked_at(perception), digest=store.weights_digest(appearance.model)
        )
    if keypoints.model is not None:
        # Holistic's points of the face are those of the mesh that found the face
        mesh = (perception.face.mesh,) if keypoints.model == HOLISTIC else ()
        digest = _digest(store, (*keypoints.models(), *mesh))
        fed["keypoints"] = Fed(name=keypoints.model, digest=digest)
    if text is not None and text.model is not None:
        fed["text"] = Fed(name=text.model, digest=store.weights_digest(text.model))
    return fed


def _looked_at(perception: PerceptionConfig) -> str:
    """Return the encoder's name, and what it is shown where it has a choice."""
    appearance = perception.appearance
    if appearance.model == perception.expression.model:
        return str(appearance.model)
    return f"{appearance.model} of the {appearance.crop}"


def _digest(store: ModelStore, names: tuple[str, ...]) -> str | None:
    """Return one digest for several models: that of a line each, as ``sha256sum`` writes them."""
    if len(names) == 1:
        return store.weights_digest(names[0])
    lines = [f"{store.weights_digest(name)}  {store.weights_name(name)}\n" for name in names]
    return hashlib.sha256("".join(lines).encode()).hexdigest() if lines else None
