"""The paper's keypoint network: one small perceptron for body, hands and face each, then joined.

It looks at a tick at a time. How joints hang together is left to the weights, and how they move is
in the offsets; the graph-convolution rival that it is measured against is ``keypoint_gcn``.
"""

from collections.abc import Sequence
from typing import Final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from engines.networks.pose_over_motion import PoseOverMotion
from engines.sequence.normalize import FEATURES
from engines.spec.skeleton import BODY, FACE, LEFT_HAND, RIGHT_HAND

CONFIDENCE: Final = 2  # the feature that says how sure the keypoint network was; 0: missing

Stream = tuple[int, int]
"""The first joint of a stream and the one after its last."""

STREAMS: Final[tuple[Stream, ...]] = (
    (BODY.start, BODY.stop),
    (LEFT_HAND.start, RIGHT_HAND.stop),
    (FACE.start, FACE.stop),
)


class KeypointMlp(nn.Module):
    """From a tick's keypoints to a token.

    Args:
        width: Of the token.
        streams: Which joints go together.
        features: Of a joint; the third is its confidence.
        hidden: Width of a stream.
        dropout: Of a stream's hidden numbers, in training.
        attended: Let the pose ask its offsets (``PoseOverMotion``) instead of joining all at once;
            for the five features of ``engines.sequence.normalize`` only.

    Attributes:
        ticks: How many ticks a token looks at.
    """

    ticks: Final = 1

    def __init__(
        self,
        *,
        width: int,
        streams: Sequence[Stream] = STREAMS,
        features: int = FEATURES,
        hidden: int = 192,
        dropout: float = 0.1,
        attended: bool = False,
    ) -> None:
        super().__init__()
        self.spans = tuple(streams)
        self.streams = nn.ModuleList(
            nn.Sequential(
                nn.Linear((end - first) * features, hidden),
                nn.LayerNorm(hidden),
                nn.GELU(),
                nn.Dropout(dropout),
                nn.Linear(hidden, hidden // 2),
                nn.GELU(),
            )
            for first, end in self.spans
        )
        self.joined = nn.Sequential(nn.Linear(len(self.spans) * (hidden // 2), width), nn.GELU())
        self.motion = PoseOverMotion(self.spans, width=width) if attended else None

    def forward(
        self, keypoints: Float[Tensor, "B T K F"], valid: Bool[Tensor, "B T"]
    ) -> Float[Tensor, "B T D"]:
        """Return tokens.

        Args:
            keypoints: Features of the joints; what a missing one holds does not matter.
            valid: True for the ticks that hold data; a token outside it means nothing.
        """
        del valid  # no tick looks at another
        seen = present(keypoints)
        streams = [
            network(seen[:, :, first:end].flatten(2))
            for network, (first, end) in zip(self.streams, self.spans, strict=True)
        ]
        token: Tensor = self.joined(torch.cat(streams, dim=2))
        return token if self.motion is None else token + self.motion(seen)


def present(keypoints: Float[Tensor, "B T K F"]) -> Float[Tensor, "B T K F"]:
    """Return the keypoints with nothing where one is missing."""
    return torch.where(keypoints[..., CONFIDENCE : CONFIDENCE + 1] > 0, keypoints, 0.0)
