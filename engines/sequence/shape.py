"""The shape of the network, as its checkpoint states it: enough to build it without the training.

Bands are in seconds; the time grid makes ticks of them.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from engines.spec.modality import MODALITIES, Modality
from engines.spec.timegrid import TimeGrid

__all__ = ["MODALITIES", "BranchShape", "Closed", "Count", "Modality", "NetworkShape"]

Count = Annotated[int, Field(ge=1)]


class Closed(BaseModel):
    """A frozen part of a checkpoint's description that accepts no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class BranchShape(Closed):
    """One modality."""

    features: Count
    """Numbers of one tick: the embedding's width; for keypoints those of one joint."""
    layers: Annotated[int, Field(ge=0)] = 4
    """Of the temporal encoder; 0: none."""
    pooling: Literal["attention", "newest"] = "attention"
    """newest: the last vector stands for all, as one of the words so far may."""


class NetworkShape(Closed):
    """The three branches and their fusion."""

    image: BranchShape | None = None
    """null: the network knows no such modality."""
    keypoints: BranchShape | None = BranchShape(features=5)
    text: BranchShape | None = None
    body: Literal["mlp", "gcn"] = "mlp"
    """The keypoint network."""
    attended: bool = False
    """For the mlp: the pose asks its offsets."""
    channels: Annotated[tuple[Count, ...], Field(min_length=1)] = (48, 64, 96)
    """For the gcn: of its blocks."""
    kernel: Count = 9
    """For the gcn: how many ticks a block looks at; 1: a tick alone."""
    encoder: Literal["streaming", "bidirectional"] = "streaming"
    """bidirectional sees what comes after, and has no step form."""
    width: Count = 256
    heads: Count = 4
    looks: Count = 4
    """Weighted means of the attention pooling."""
    band_s: Annotated[float, Field(gt=0)] = 120.0
    """How far a tick sees, in each layer."""
    grid_hz: Annotated[float, Field(gt=0)] = 12.5
    classes: Annotated[int, Field(ge=2)] = 2
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    modality_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.width % (2 * self.heads):
            msg = f"width: expected a multiple of twice the heads ({self.heads}), got {self.width}"
            raise ValueError(msg)
        if not self.branches:
            msg = f"expected at least one of {', '.join(MODALITIES)}"
            raise ValueError(msg)
        if self.band_ticks < 2:  # noqa: PLR2004 (the own and one more)
            msg = f"band_s: expected two ticks of {self.grid_hz} Hz at least, got {self.band_s}"
            raise ValueError(msg)
        return self

    @model_serializer(mode="wrap")
    def _stated(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What a network has not, its description does not state."""
        stated: dict[str, Any] = whole(self)
        if self.body != "gcn":
            del stated["channels"], stated["kernel"]
        return stated

    @property
    def branches(self) -> dict[Modality, BranchShape]:
        """The modalities that the network knows, in the order of ``MODALITIES``."""
        stated = zip(MODALITIES, (self.image, self.keypoints, self.text), strict=True)
        return {name: shape for name, shape in stated if shape is not None}

    @property
    def band_ticks(self) -> int:
        """How many ticks a tick sees, the own last."""
        return TimeGrid(self.grid_hz).ticks_in(self.band_s)

    @property
    def head_width(self) -> int:
        """Of one head of attention."""
        return self.width // self.heads
