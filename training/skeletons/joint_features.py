"""Features of three-dimensional joints, in the order that the keypoint networks expect.

The networks of ``engines.networks`` take any number of joints and of features, the third being the
joint's confidence. A camera that measures depth gives a third coordinate, so a joint has 13
features instead of the five of ``engines.sequence.normalize``.
"""

from typing import Final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from engines.networks.keypoint_mlp import CONFIDENCE

JOINT_FEATURES: Final = 13
"""x and y from the own root; confidence; z; the root's path; offsets over one and two ticks."""

ONE_TICK: Final = 8.0  # an offset's weight: they are an order smaller than the places
TWO_TICKS: Final = 4.0


def joint_features(
    joints: Float[Tensor, "B T J 3"], seen: Bool[Tensor, "B T J"], root: int
) -> Float[Tensor, "B T J 13"]:
    """Return the features of clips.

    Args:
        joints: Places.
        seen: False for a joint that is missing: its confidence is 0, the others' 1.
        root: The joint that the others are seen from.
    """
    own = joints[:, :, root : root + 1]
    place = joints - own
    path = (own - own[:, :1]).expand_as(joints)
    one, two = torch.zeros_like(joints), torch.zeros_like(joints)
    one[:, 1:] = joints[:, 1:] - joints[:, :-1]
    two[:, 2:] = joints[:, 2:] - joints[:, :-2]
    confidence = seen.to(joints.dtype)[..., None]
    parts = [
        place[..., :CONFIDENCE],
        confidence,
        place[..., CONFIDENCE:],
        path,
        one * ONE_TICK,
        two * TWO_TICKS,
    ]
    return torch.cat(parts, dim=3)


def resampled(
    frames: Float[Tensor, "F J 3"], at: Float[Tensor, "B T"], last: Float[Tensor, "B 1"]
) -> Float[Tensor, "B T J 3"]:
    """Return the joints between frames.

    Args:
        frames: Of all clips.
        at: Where, counted in frames.
        last: The last frame of each clip; nothing beyond it is looked at.
    """
    low = at.floor()
    share = (at - low).to(frames.dtype)[..., None, None]
    high = torch.minimum(low + 1, last)
    return torch.lerp(frames[low.long()], frames[high.long()], share)
