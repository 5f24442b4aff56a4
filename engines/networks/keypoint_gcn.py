"""The graph-convolution rival of the keypoint network: of ST-GCN's kind, and causal.

Each block mixes every joint with itself, its neighbours and its neighbours' neighbours along the
skeleton, each weighed by a learned number, and then looks at each joint's last nine ticks. ST-GCN's
own temporal convolution looks ahead as well and strides; on a stream it may do neither. Layers are
normalised joint by joint and not over a batch, so that a tick means the same alone and in a batch.

Source: Yan, Xiong and Lin, 'Spatial Temporal Graph Convolutional Networks', AAAI 2018.
"""

from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from engines.networks.keypoint_mlp import present
from engines.sequence.normalize import FEATURES
from engines.spec.skeleton import EDGES, LEFT_WRIST, NOSE, PARTS, POINTS, RIGHT_WRIST

Edge = tuple[int, int]

SKELETON: tuple[Edge, ...] = (
    *(edge for part in EDGES.values() for edge in part),
    (LEFT_WRIST, PARTS["left_hand"].start),
    (RIGHT_WRIST, PARTS["right_hand"].start),
    (NOSE, PARTS["face"].start + 30),  # the tip of the nose
    *((NOSE, PARTS["face"].start + first) for first in (8, 17, 22, 33, 36, 42, 48, 60, 68, 69)),
)
"""OpenPose's edges, with the hands tied to the wrists and each line of the face to the nose."""


class KeypointGcn(nn.Module):
    """From the last ticks' keypoints to a token.

    Args:
        width: Of the token.
        points: Joints.
        edges: Which hang together.
        features: Of a joint; the third is its confidence.
        channels: Of the blocks.
        kernel: How many ticks a block looks at, the own last; 1: a tick alone.
        dropout: Of a block's channels, in training.

    Attributes:
        ticks: How many ticks a token looks at.
    """

    def __init__(
        self,
        *,
        width: int,
        points: int = POINTS,
        edges: Iterable[Edge] = SKELETON,
        features: int = FEATURES,
        channels: Sequence[int] = (48, 64, 96),
        kernel: int = 9,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.ticks = 1 + len(channels) * (kernel - 1)
        hops = _hops(points, tuple(edges))
        self.blocks = nn.ModuleList(
            GraphBlock(given, made, hops=hops, kernel=kernel, dropout=dropout)
            for given, made in zip((features, *channels), channels, strict=False)
        )
        self.token = nn.Sequential(nn.Linear(2 * channels[-1], width), nn.GELU())

    def forward(
        self, keypoints: Float[Tensor, "B T K F"], valid: Bool[Tensor, "B T"]
    ) -> Float[Tensor, "B T D"]:
        """Return tokens.

        Args:
            keypoints: Features of the joints; what a missing one holds does not matter.
            valid: True for the ticks that hold data: one outside it is zero to those that look
                back on it, and its own token means nothing.
        """
        seen = valid[:, :, None, None]
        joints = torch.where(seen, present(keypoints), 0.0)
        for block in self.blocks:
            joints = block(joints, seen)
        token: Tensor = self.token(torch.cat([joints.mean(2), joints.amax(2)], dim=2))
        return token


class GraphBlock(nn.Module):
    """A convolution along the skeleton, one along time, and the way around them.

    Args:
        given: Channels in.
        made: Channels out.
        hops: [3 K K], which joints lie 0, 1 and 2 edges apart, each row of weight 1.
        kernel: Ticks of the convolution along time.
        dropout: Of what is added.
    """

    def __init__(
        self, given: int, made: int, *, hops: Float[Tensor, "3 K K"], kernel: int, dropout: float
    ) -> None:
        super().__init__()
        self.kernel = kernel
        self.weights = nn.Parameter(hops.clone())
        self.along_skeleton = nn.Linear(len(hops) * given, made)
        self.norm = nn.LayerNorm(made)
        self.along_time = nn.Conv1d(made, made, kernel) if kernel > 1 else nn.Identity()
        self.around = nn.Linear(given, made)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, joints: Float[Tensor, "B T K C"], seen: Bool[Tensor, "B T 1 1"]
    ) -> Float[Tensor, "B T K M"]:
        """Run the block; a tick without data is zero before and after each convolution."""
        neighbours = torch.einsum("hij,btjc->btihc", self.weights, joints).flatten(3)
        mixed = functional.gelu(self.norm(self.along_skeleton(neighbours)))
        mixed = self._over_time(torch.where(seen, mixed, 0.0))
        return torch.where(seen, functional.gelu(self.dropout(mixed) + self.around(joints)), 0.0)

    def _over_time(self, joints: Float[Tensor, "B T K C"]) -> Float[Tensor, "B T K C"]:
        batch, ticks, points, channels = joints.shape
        rows = joints.permute(0, 2, 3, 1).reshape(batch * points, channels, ticks)
        looked: Tensor = self.along_time(functional.pad(rows, (self.kernel - 1, 0)))
        return looked.reshape(batch, points, channels, ticks).permute(0, 3, 1, 2)


def _hops(points: int, edges: Sequence[Edge]) -> Float[Tensor, "3 K K"]:
    own = torch.eye(points)
    one = torch.zeros(points, points)
    for first, second in edges:
        one[first, second] = one[second, first] = 1
    two = ((one @ one > 0) & (one == 0) & (own == 0)).float()
    return torch.stack([hop / hop.sum(1, keepdim=True).clamp(min=1) for hop in (own, one, two)])
