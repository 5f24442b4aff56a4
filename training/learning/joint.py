"""The joint network out of branches that were trained alone: it begins as the sum of what they say.

Each alone is sure of something by itself, and independent evidence adds up in logits. So stage 2
need not find again what stage 1 found; it learns what the sum misses.
"""

from collections.abc import Mapping

import torch

from engines.networks.interview_network import InterviewNetwork
from engines.sequence.shape import Modality, NetworkShape


def alone(shape: NetworkShape, modality: Modality) -> NetworkShape:
    """Return the network of one branch and a fusion of its own."""
    others: dict[str, None] = {name: None for name in shape.branches if name != modality}
    return shape.model_copy(update={**others, "modality_dropout": 0.0})


def joined(shape: NetworkShape, singles: Mapping[Modality, InterviewNetwork]) -> InterviewNetwork:
    """Return the joint network, with the weights of networks of one branch.

    Args:
        shape: Of the joint network.
        singles: A network of each of its branches alone.
    """
    network = InterviewNetwork(shape)
    logits, width, count = network.fusion.logits, shape.width, len(shape.branches)
    with torch.no_grad():
        logits.bias.zero_()
        for place, name in enumerate(shape.branches):
            single = singles[name]
            network.branches[name].load_state_dict(single.branches[name].state_dict())
            brought = single.fusion.brought[0].state_dict()
            network.fusion.brought[place].load_state_dict(brought)
            own = single.fusion.logits
            logits.weight[:, place * width : (place + 1) * width] = own.weight[:, :width]
            # what it says whenever it is there, that it is there included
            logits.weight[:, count * width + place] = own.weight[:, width] + own.bias
    return network
