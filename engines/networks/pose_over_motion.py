"""The static pose as a query over its own offsets: an option of the keypoint network.

What a small movement means depends on the posture that it is made in. The pose of each stream (its
coordinates) asks, the offsets of all streams answer, in one attention over three and three within a
tick, so that it costs nothing in a stream of ticks.

Source: the winning entry of the MiGA challenge 2026 (static pose as query, offsets as keys and
values); it lets the pose ask over time, which the temporal encoder does here.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


class PoseOverMotion(nn.Module):
    """One attention of a tick's poses over its offsets.

    Args:
        streams: First and end of each stream's joints.
        width: Of the token.
        inner: Of the attention.
    """

    def __init__(self, streams: Sequence[tuple[int, int]], *, width: int, inner: int = 64) -> None:
        super().__init__()
        self.spans = tuple(streams)
        self.poses = nn.ModuleList(nn.Linear(3 * (end - first), inner) for first, end in streams)
        self.motions = nn.ModuleList(
            nn.Linear(2 * (end - first), 2 * inner) for first, end in streams
        )
        self.answered = nn.Linear(len(self.spans) * inner, width)

    def forward(self, keypoints: Float[Tensor, "B T K 5"]) -> Float[Tensor, "B T D"]:
        """Return what the offsets answer; missing joints hold zeros."""
        streams = [keypoints[:, :, first:end] for first, end in self.spans]
        pose, motion = (
            torch.stack(
                [net(s[..., part].flatten(2)) for net, s in zip(nets, streams, strict=True)], dim=2
            )
            for nets, part in ((self.poses, slice(0, 3)), (self.motions, slice(3, 5)))
        )
        keys, values = motion.chunk(2, dim=3)
        answer: Tensor = self.answered(scaled_dot_product_attention(pose, keys, values).flatten(2))
        return answer
