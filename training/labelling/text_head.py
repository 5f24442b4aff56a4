"""The starter's text head as a teacher: what the subject's lines say, on average."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from engines.engine import Engine
from engines.spec.labels import VALENCES
from engines.speech.text_encoder import TextEncoder
from training.labelling.material import Material
from training.labelling.sample import Sample
from training.labelling.valence import check_valences, judged


class TextHeadTeacher:
    """Labels by words; one judgement a clip.

    Args:
        labels: Negative and positive, with neutral between or without.
        encoder: Turns a line into a vector; the one that the head learned from.
        head: float32 ``embedding`` [B D] -> float32 ``logits`` [B 3], of ``VALENCES``.
        temperature: That the logits are divided by.
        model: Which head that is.

    Raises:
        ConfigError: If the classes are not of these.
    """

    def __init__(
        self,
        labels: Sequence[str],
        *,
        encoder: TextEncoder,
        head: Engine,
        temperature: float,
        model: str,
    ) -> None:
        check_valences(labels, who="the text head")
        self._labels = tuple(labels)
        self._encoder = encoder
        self._head = head
        self._temperature = temperature
        self._model = model

    @property
    def identity(self) -> Mapping[str, str]:
        """The head's name and digest."""
        return {"provider": "text-head", "endpoint": "", "model": self._model, "prompts": ""}

    async def label(self, material: Material) -> tuple[Sample, ...]:
        """Label a clip by its lines, each counting alike; without any, it abstains."""
        own = [line.text for line in material.lines if line.speaker != "other"]
        if not own:
            return (Sample(number=0, outcome="withdrawn", reason="nothing is said in it"),)
        mean = np.mean([self._read(text) for text in own], axis=0)
        told = ", ".join(f"{name} {part:.3f}" for name, part in zip(VALENCES, mean, strict=True))
        return (
            judged(mean, self._labels, reasoning=f"{len(own)} lines: {told}", model=self._model),
        )

    def _read(self, text: str) -> Float64[ndarray, " 3"]:
        out = self._head.run({"embedding": self._encoder.embed(text)[None]})["logits"][0]
        logits = out.astype(np.float64) / self._temperature
        shares = np.exp(logits - logits.max())
        return np.asarray(shares / shares.sum())
