"""Made-up interviews as examples: the interview network, read at the end of each."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from engines.networks.interview_network import History, InterviewNetwork
from engines.sequence.shape import BranchShape, Modality, NetworkShape
from training.pseudo_label.lesson import Rows
from training.weak_to_strong.drawn_interviews import Drawn


class InterviewInput(nn.Module):
    """The interview network, read at the end of each interview.

    Args:
        shape: Of the network.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.network = InterviewNetwork(shape)

    def forward(self, read: tuple[Mapping[Modality, History], Tensor]) -> Tensor:
        """Return the logits [B C]."""
        histories, at = read
        logits: Tensor = self.network(histories, at=at)[:, -1]
        return logits


class InterviewExamples:
    """Drawn interviews.

    Args:
        drawn: All.
        width: Of the network.
        layers: Of each branch.
        dropout: In training.
        noise: Standard deviation of what is added to each feature in training; 0: nothing.
    """

    def __init__(
        self, drawn: Drawn, *, width: int, layers: int, dropout: float = 0.0, noise: float = 0.0
    ) -> None:
        self._noise = noise
        self._ticks = drawn.ticks
        self._fed = {
            name: (torch.from_numpy(own.features), torch.from_numpy(own.valid))
            for name, own in drawn.fed.items()
        }
        branches = {
            name: BranchShape(features=own.features.shape[2], layers=layers)
            for name, own in drawn.fed.items()
        }
        stated = {name: branches.get(name) for name in ("image", "keypoints", "text")}
        self._shape = NetworkShape(
            **stated,
            width=width,
            dropout=dropout,
            classes=2,
            grid_hz=drawn.grid_hz,
            band_s=float(drawn.ticks.max()) / drawn.grid_hz,
        )

    def network(self, classes: int) -> InterviewInput:
        """Return a network with new weights."""
        return InterviewInput(self._shape.model_copy(update={"classes": classes}))

    def feed(
        self, rows: Rows, random: np.random.Generator | None
    ) -> tuple[dict[Modality, History], Tensor]:
        """Return interviews side by side, and the tick at which each ends."""
        most, places = int(self._ticks[rows].max()), torch.from_numpy(rows)
        histories = {
            name: History(
                features=self._varied(features[places, :most], valid[places, :most], random),
                valid=valid[places, :most],
            )
            for name, (features, valid) in self._fed.items()
        }
        return histories, torch.from_numpy(self._ticks[rows] - 1)[:, None]

    def _varied(
        self, features: Tensor, valid: Tensor, random: np.random.Generator | None
    ) -> Tensor:
        if random is None or not self._noise:
            return features
        drawn = random.standard_normal(features.shape, np.float32)
        return features + self._noise * torch.from_numpy(drawn) * valid[..., None]
