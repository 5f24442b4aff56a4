"""The starter's rule as graphs: what a face and what words say is added, as two witnesses are.

A witness says by how much each class became likelier than it was: the log of its probabilities
less the log of how frequent the classes were in its training. Sums of those and a declared prior
are logits, which holds if the witnesses err independently of one another given the class. Each may
also have nothing to say of the person: with the declared probability ``floor`` it is taken to have
seen what its training data are on average. So no witness can rule a class out alone, and a sure
face and sure words against it leave the reading in the middle.

The modules have the forms of ``engines.networks.branch.BranchStep`` and ``FusionGraph``: the live
side steps them as it steps a trained network.
"""

from collections.abc import Sequence
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad

from engines.networks.face_encoder import FaceReader, calibrated
from engines.networks.temporal import turned
from engines.networks.text_head import TextHead
from engines.spec.labels import EXPRESSION_VALENCES, VALENCES

REVISION: Final = 1  # grows with every change of what the graphs compute
WIDTH: Final = 4
"""Of a token: a number for each class, and a zero that makes the heads' halves even."""


class Witness(nn.Module):
    """From probabilities to how much likelier each class became.

    Args:
        prior: The shares of the classes that the probabilities take for granted.
        floor: The probability that they say nothing of this person; the ratios never fall below it.
    """

    prior: Float[Tensor, " 3"]

    def __init__(self, *, prior: Sequence[float], floor: float) -> None:
        super().__init__()
        self.register_buffer("prior", torch.tensor(prior))
        self.floor = floor

    def forward(self, probabilities: Float[Tensor, "B 3"]) -> Float[Tensor, "B 4"]:
        """Return the logs of the ratios, and the zero beside them."""
        ratios = (1 - self.floor) * probabilities / self.prior + self.floor
        return pad(ratios.log(), [0, WIDTH - len(VALENCES)])


class FaceStep(nn.Module):
    """A tick of the image branch: the mean of the faces in the band, as a witness.

    A layer of attention that looks at all alike: queries and keys are zero, and a value is what
    the encoder's own last layer and calibration make of its embedding.

    Args:
        reader: The face encoder; of it the last layer and the calibration are used.
        prior: The shares of the valences in its training.
        floor: As of ``Witness``.
    """

    groups: Float[Tensor, "7 3"]

    def __init__(self, reader: FaceReader, *, prior: Sequence[float], floor: float) -> None:
        super().__init__()
        self.head = reader.encoder.head
        self.temperature = reader.temperature
        self.smoothing = reader.smoothing
        self.register_buffer("groups", expression_groups())
        self.witness = Witness(prior=prior, floor=floor)

    def forward(  # noqa: PLR0917 (an exported graph knows places only)
        self,
        features: Float[Tensor, "1 160"],
        cos: Float[Tensor, "1 h"],
        sin: Float[Tensor, "1 h"],
        bias: Float[Tensor, "1 W"],
        keys: Float[Tensor, "1 1 W 4"],
        values: Float[Tensor, "1 1 W 4"],
    ) -> tuple[Float[Tensor, "1 4"], Float[Tensor, "1 1 4"], Float[Tensor, "1 1 4"]]:
        """Run a tick.

        Args:
            features: The face encoder's embedding.
            cos: Cosines of the tick's absolute time.
            sin: Their sines; a query of zero stays zero, however it is turned.
            bias: 0 where a slot holds a tick of the band, -1e4 elsewhere.
            keys: The past ticks' keys, all zero.
            values: Their valences.

        Returns:
            Token, new key and new value.
        """
        value = pad(self.valences(features), [0, WIDTH - len(VALENCES)])[None]  # [H 1 4]
        key = torch.zeros_like(value)
        query = turned(key[None], cos, sin)[0]
        past = query @ keys[0].transpose(1, 2) + bias  # [H 1 W]
        own = (query * key).sum(2, keepdim=True)
        weights = torch.cat([past, own], dim=2).softmax(2)
        mean = weights[:, :, :-1] @ values[0] + weights[:, :, -1:] * value
        return self.witness(mean[0, :, : len(VALENCES)]), key, value

    def valences(self, embeddings: Float[Tensor, "B 160"]) -> Float[Tensor, "B 3"]:
        """Return the probabilities of the valences that faces show.

        The encoder reads a face and its mirror image and takes the mean of their logits and of
        their embeddings; its last layer is linear, so they are its own probabilities.
        """
        seven = calibrated(self.head(embeddings), self.temperature, self.smoothing)
        return seven @ self.groups


class TextStep(nn.Module):
    """A tick of the text branch: the newest words, as a witness.

    Args:
        head: The text head.
        temperature: What its logits are divided by.
        prior: The shares of the valences in its training.
        floor: As of ``Witness``.
    """

    def __init__(
        self, head: TextHead, *, temperature: float, prior: Sequence[float], floor: float
    ) -> None:
        super().__init__()
        self.head = head
        self.temperature = temperature
        self.witness = Witness(prior=prior, floor=floor)

    def forward(self, features: Float[Tensor, "1 384"]) -> Float[Tensor, "1 4"]:
        """Return the token of a text's vector."""
        token: Tensor = self.witness((self.head(features) / self.temperature).softmax(1))
        return token


class RuleFusion(nn.Module):
    """The witnesses that there are, added to the declared prior.

    Args:
        prior: The shares of the classes where nobody has said anything.
    """

    prior: Float[Tensor, " 3"]

    def __init__(self, *, prior: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("prior", torch.tensor(prior))

    def forward(self, *given: Tensor) -> Float[Tensor, "B 3"]:
        """Return logits of pooled branches [B 1 4]; the last input is 1 where one is present."""
        *pooled, present = given
        tokens = torch.cat(pooled, dim=1)  # [B M 4]
        heard = torch.where(present[:, :, None] > 0, tokens, 0.0)
        return heard.sum(1)[:, : len(VALENCES)] + self.prior.log()


def expression_groups() -> Float[Tensor, "7 3"]:
    """Return 1 where an expression counts as a valence, 0 elsewhere."""
    return torch.tensor(
        [[float(valence == name) for name in VALENCES] for valence in EXPRESSION_VALENCES]
    )
