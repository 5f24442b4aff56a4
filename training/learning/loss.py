"""The loss of readings: cross entropy, by weight of the class, focused on what is still hard."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional


def reading_losses(
    logits: Float[Tensor, "B N C"],
    labels: Int64[Tensor, " B"],
    *,
    weights: Float[Tensor, " C"],
    focus: float,
) -> Float[Tensor, "B N"]:
    """Return the loss of every reading.

    Args:
        logits: Of each interview, at some ticks.
        labels: Of the interviews.
        weights: Of the classes.
        focus: The exponent of focal loss (Lin et al., ICCV 2017), of how probable the label was
            not; 0: cross entropy.
    """
    logs = functional.log_softmax(logits.float(), dim=2)
    own = logs.gather(2, labels[:, None, None].expand(-1, logits.shape[1], 1))[:, :, 0]
    return -weights[labels][:, None] * (1 - own.exp()).clamp(min=0).pow(focus) * own


def stage_loss(losses: Float[Tensor, "B N"], *, early: float) -> Float[Tensor, ""]:
    """Return the mean loss of the last readings, and that of the early ones by their weight."""
    loss = losses[:, -1].mean()
    if losses.shape[1] > 1:
        loss = loss + early * losses[:, :-1].mean()
    return loss


def even(classes: int) -> Float[Tensor, " C"]:
    """Return weights that make no difference."""
    return torch.ones(classes)
