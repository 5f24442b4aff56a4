"""Face, body and words joined, by whichever of them there are.

Each modality is brought to one width, set to zero where it is missing, and stands beside a bit that
says so: an interview without words is no interview with empty words. In training modalities are
dropped at random, so that each learns to speak alone.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class Fusion(nn.Module):
    """One layer from the pooled modalities to logits.

    Args:
        pooled: How many numbers each modality brings.
        width: That each is brought to.
        classes: How many there are to tell apart.
        dropout: Of the joined numbers, in training.
        modality_dropout: How often a present modality is dropped in training; one always stays.
    """

    def __init__(
        self,
        *,
        pooled: Sequence[int],
        width: int,
        classes: int,
        dropout: float = 0.3,
        modality_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.modality_dropout = modality_dropout
        self.brought = nn.ModuleList(
            nn.Sequential(nn.Linear(count, width), nn.LayerNorm(width), nn.GELU())
            for count in pooled
        )
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Linear(len(pooled) * (width + 1), classes)

    def forward(
        self, pooled: Sequence[Float[Tensor, "B P D"]], present: Bool[Tensor, "B M"]
    ) -> Float[Tensor, "B C"]:
        """Return logits.

        Args:
            pooled: Of each modality, in the order of the constructor; what a missing one holds does
                not matter.
            present: Which modalities there are.
        """
        if self.training and self.modality_dropout:
            present = kept(present, self.modality_dropout)
        brought = [
            torch.where(present[:, place, None], network(means.flatten(1)), 0.0)
            for place, (network, means) in enumerate(zip(self.brought, pooled, strict=True))
        ]
        joined = torch.cat([*brought, present.to(brought[0].dtype)], dim=1)
        logits: Tensor = self.logits(self.dropout(joined))
        return logits


class FusionGraph(nn.Module):
    """The fusion with its inputs by place: what is exported.

    Args:
        fusion: In evaluation mode.
    """

    def __init__(self, fusion: Fusion) -> None:
        super().__init__()
        self.fusion = fusion

    def forward(self, *given: Tensor) -> Float[Tensor, "B C"]:
        """Return logits of pooled branches; the last input is 1 where one is present."""
        *pooled, present = given
        logits: Tensor = self.fusion(pooled, present > 0)
        return logits


def kept(present: Bool[Tensor, "B M"], share: float) -> Bool[Tensor, "B M"]:
    """Return the modalities with some dropped at random; where all would go, all stay."""
    left = present & (torch.rand(present.shape, device=present.device) >= share)
    return torch.where(left.any(1, keepdim=True), left, present)
