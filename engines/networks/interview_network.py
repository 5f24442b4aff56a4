"""The network of the paper over a whole interview: face, body and words, read at any tick.

One pass over a history gives the reading at every tick that is asked for, so that training can ask
for early ones too. With the streaming encoder each of them is what the stream would have read then;
the bidirectional one has seen the rest of the history and is only to be asked for the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from engines.networks.branch import Branch, Projection
from engines.networks.fusion import Fusion
from engines.networks.keypoint_gcn import KeypointGcn
from engines.networks.keypoint_mlp import KeypointMlp
from engines.networks.pooling import AttentionPooling, NewestToken
from engines.networks.temporal import TemporalEncoder
from engines.sequence.rotary import rotary
from engines.sequence.shape import BranchShape, Modality, NetworkShape


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One modality of a batch of interviews.

    Attributes:
        features: Of every tick; keypoints as ``engines.sequence.normalize`` makes them, text as of
            each tick. What stands on a tick without data does not matter.
        valid: True for the ticks that hold data.
    """

    features: Float[Tensor, "B T ..."]
    valid: Bool[Tensor, "B T"]


class InterviewNetwork(nn.Module):
    """Branches and fusion.

    Args:
        shape: What the network is.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self.branches: Mapping[Modality, Branch] = nn.ModuleDict(
            {name: _branch(name, part, shape) for name, part in shape.branches.items()}
        )
        self.fusion = Fusion(
            pooled=[pooled_numbers(part, shape) for part in shape.branches.values()],
            width=shape.width,
            classes=shape.classes,
            dropout=shape.dropout,
            modality_dropout=shape.modality_dropout,
        )

    def forward(
        self,
        histories: Mapping[Modality, History],
        *,
        at: Int64[Tensor, "B N"] | None = None,
        first_tick: int = 0,
    ) -> Float[Tensor, "B N C"]:
        """Read interviews.

        Args:
            histories: By modality, all over the same ticks; one that is left out is missing.
            at: The ticks of the history to be read at; None: the last alone.
            first_tick: Where on the grid the history begins.

        Returns:
            Logits at each tick that is asked for.
        """
        some = next(iter(histories.values()))
        batch, ticks = some.valid.shape
        if at is None:
            at = torch.full((batch, 1), ticks - 1, device=some.valid.device)
        cos, sin = self.turns(first_tick, ticks, some.valid.device)
        pooled: list[Tensor] = []
        present: list[Tensor] = []
        for name, branch in self.branches.items():
            history = histories.get(name)
            if history is None:
                numbers = pooled_numbers(self.shape.branches[name], self.shape)
                pooled.append(torch.zeros((at.numel(), numbers), device=at.device))
                present.append(torch.zeros_like(at, dtype=torch.bool))
                continue
            means = branch.pooled(history.features, history.valid, cos, sin, at)
            pooled.append(means.flatten(0, 1))
            present.append(history.valid.cumsum(1).gather(1, at) > 0)
        logits: Tensor = self.fusion(pooled, torch.stack(present, dim=2).flatten(0, 1))
        return logits.unflatten(0, tuple(at.shape))

    def turns(
        self, first_tick: int, ticks: int, device: torch.device
    ) -> tuple[Float[Tensor, "T h"], Float[Tensor, "T h"]]:
        """Return the cosines and sines of consecutive ticks."""
        places = torch.arange(first_tick, first_tick + ticks).numpy()
        turn = rotary(places, grid_hz=self.shape.grid_hz, width=self.shape.head_width)
        cos, sin = (torch.from_numpy(part).to(device) for part in turn)
        return cos, sin


def pooled_numbers(part: BranchShape, shape: NetworkShape) -> int:
    """Return how many numbers fusion takes of a branch."""
    return shape.width * (shape.looks if part.pooling == "attention" else 1)


def _branch(name: Modality, part: BranchShape, shape: NetworkShape) -> Branch:
    attends = part.pooling == "attention"
    return Branch(
        body=_body(name, part, shape),
        encoder=TemporalEncoder(
            width=shape.width,
            layers=part.layers,
            heads=shape.heads,
            band=shape.band_ticks if shape.encoder == "streaming" else None,
            dropout=shape.dropout,
        ),
        pooling=(
            AttentionPooling(width=shape.width, looks=shape.looks) if attends else NewestToken()
        ),
    )


def _body(name: Modality, part: BranchShape, shape: NetworkShape) -> nn.Module:
    if name != "keypoints":
        return Projection(features=part.features, width=shape.width)
    if shape.body == "gcn":
        return KeypointGcn(
            width=shape.width,
            features=part.features,
            channels=shape.channels,
            kernel=shape.kernel,
        )
    return KeypointMlp(width=shape.width, features=part.features, attended=shape.attended)
