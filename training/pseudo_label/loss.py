"""The loss of a lesson: gold as it is, and what was borrowed through the noise of its teacher.

The teacher's labels are not corrected: the student's are made as noisy as the teacher's, and held
against what the teacher said (forward correction: Patrini et al., CVPR 2017). So a teacher that
says the same of every class teaches nothing, whatever it says. Classes are as frequent in the loss
as they are among gold, and alike frequent in what the student says afterwards (logit adjustment:
Menon et al., ICLR 2021).
"""

from typing import Final

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

NEVER: Final = 1e-12
"""An answer that a class is never given; its logarithm is to stay a number."""


def gold_loss(
    logits: Float[Tensor, "B C"], labels: Int64[Tensor, " B"], *, prior: Float[Tensor, " C"]
) -> Float[Tensor, ""]:
    """Return the cross entropy of examples whose class is known.

    Args:
        logits: Of a student that takes classes for alike frequent.
        labels: The classes.
        prior: How frequent they are.
    """
    return functional.cross_entropy(logits.float() + prior.log(), labels)


def borrowed_loss(
    logits: Float[Tensor, "B C"],
    answers: Float[Tensor, "B J"],
    *,
    noise: Float[Tensor, "C J"],
    weights: Float[Tensor, " B"],
    prior: Float[Tensor, " C"],
) -> Float[Tensor, ""]:
    """Return the cross entropy of a teacher's answers under the student's classes and the noise.

    Args:
        logits: Of a student that takes classes for alike frequent.
        answers: A share for each letter.
        noise: The probability of each letter, by class.
        weights: How much each example counts.
        prior: How frequent the classes are.
    """
    logs = functional.log_softmax(logits.float() + prior.log(), dim=1)
    said = torch.logsumexp(logs[:, :, None] + noise.clamp(min=NEVER).log(), dim=1)
    return -(weights * (answers * said).sum(dim=1)).mean()
