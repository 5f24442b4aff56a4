"""One branch of the interview's network alone, with a head: a body, the encoder, the pooling.

The bodies are the house's own keypoint networks, told of another skeleton: its joints fill one
stream of the three that an interview has, so that what is compared is one stream's perceptron
against the graph convolution over the same joints. All that follows the body is the same for both.
"""

from collections.abc import Sequence
from typing import Final, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from engines.networks.branch import Branch
from engines.networks.keypoint_gcn import KeypointGcn
from engines.networks.keypoint_mlp import CONFIDENCE, KeypointMlp
from engines.networks.pooling import AttentionPooling
from engines.networks.temporal import TemporalEncoder
from engines.sequence.rotary import rotary
from training.skeletons.joint_features import JOINT_FEATURES

Body = Literal["mlp", "gcn"]

WIDTH: Final = 128
LAYERS: Final = 2
HEADS: Final = 4
LOOKS: Final = 4
DROPOUT: Final = 0.3
CHANNELS: Final = (32, 48, 64)  # the perceptron's size and a half; (48, 64, 96) is two and a half
TICK_HZ: Final = 12.5
"""A clip's ticks are shares of it and no seconds; the encoder's clock takes them for the grid's."""


class SkeletonNetwork(nn.Module):
    """From a clip's features to the logits of its classes.

    Args:
        body: Which of the two.
        joints: How many.
        edges: Which hang together.
        classes: How many.
        ticks: Of a clip.
        mean: Of each feature in training, taken off before the body.
        deviation: Of each feature in training; confidences are neither moved nor scaled.
    """

    def __init__(
        self,
        *,
        body: Body,
        joints: int,
        edges: Sequence[tuple[int, int]],
        classes: int,
        ticks: int,
        mean: Float[Tensor, "J C"],
        deviation: Float[Tensor, " C"],
    ) -> None:
        super().__init__()
        self.branch = Branch(
            body=make_body(body, joints=joints, edges=edges),
            encoder=TemporalEncoder(
                width=WIDTH, layers=LAYERS, heads=HEADS, band=None, dropout=DROPOUT
            ),
            pooling=AttentionPooling(width=WIDTH, looks=LOOKS),
        )
        self.head = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(LOOKS * WIDTH, classes))
        turn = rotary(torch.arange(ticks).numpy(), grid_hz=TICK_HZ, width=WIDTH // HEADS)
        for name, numbers in zip(("cos", "sin"), turn, strict=True):
            self.register_buffer(name, torch.from_numpy(numbers))
        mean, deviation = mean.clone(), deviation.clone()
        mean[:, CONFIDENCE], deviation[CONFIDENCE] = 0.0, 1.0
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)

    def forward(self, features: Float[Tensor, "B T J C"]) -> Float[Tensor, "B K"]:
        """Return logits of clips, of which every tick holds data."""
        clips, ticks = features.shape[:2]
        valid = torch.ones((clips, ticks), dtype=torch.bool)
        end = torch.full((clips, 1), ticks - 1)
        scaled = (features - self.mean) / self.deviation
        pooled = self.branch.pooled(scaled, valid, self.cos, self.sin, end)
        logits: Tensor = self.head(pooled.flatten(1))
        return logits


def make_body(body: Body, *, joints: int, edges: Sequence[tuple[int, int]]) -> nn.Module:
    """Return one of the house's keypoint networks for a skeleton."""
    if body == "mlp":
        return KeypointMlp(width=WIDTH, streams=((0, joints),), features=JOINT_FEATURES)
    return KeypointGcn(
        width=WIDTH, points=joints, edges=edges, features=JOINT_FEATURES, channels=CHANNELS
    )
