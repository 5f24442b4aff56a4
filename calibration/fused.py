"""The decision of what a network's evidence amounts to, and which modality made it so.

Pure: the same evidence gives the same answer, live and offline. A reading that is too unsure is
withheld, but its valence is still told to whoever compares it with the face: two modalities that
contradict each other are what makes a reading unsure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from calibration.answer import Answer, answer
from calibration.baseline import Baseline
from calibration.prior import shift
from engines.errors import ConfigError
from engines.sequence.checkpoint import Calibration, NetworkDescription
from engines.sequence.interview import Evidence
from engines.sequence.person import PersonEvidence
from engines.sequence.shape import MODALITIES, Modality
from engines.spec.reading import Fused, FusedAbstention, ModalityState

UNCALIBRATED: Final = "none"
"""The domain of those on whom no calibration holds."""
LEAST_MOVED: Final = 1e-9  # probabilities that no modality moves have no shares but equal ones


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedAnswer:
    """What is published of a network's evidence.

    Attributes:
        fused: The reading; None if it abstains.
        abstained: Why; None if it does not.
        valence: Of what was read, withheld or not; None if there was nothing to read.
        states: Of each modality.
        shares: Of each modality that counted, in what moves the reading; they sum to 1.
        read: What a baseline learns from; None if there was nothing to read.
    """

    fused: Fused | None
    abstained: FusedAbstention | None
    valence: float | None
    states: Mapping[Modality, ModalityState]
    shares: Mapping[Modality, float]
    read: Float64[ndarray, " C"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedRule:
    """What is the same in all answers of a run.

    Attributes:
        network: Which network answers.
        domain: On which its probabilities are calibrated; None if they are not.
        calibration: Of that domain.
        shift: Of the declared prior; None if none is declared.
        untrained: Modalities that the network did not learn from.
        masked: Modalities that are told not to count.
    """

    network: NetworkDescription
    domain: str | None
    calibration: Calibration | None
    shift: Float64[ndarray, " C"] | None
    untrained: Sequence[Modality]
    masked: Sequence[Modality]

    @classmethod
    def of(
        cls,
        network: NetworkDescription,
        *,
        domain: str | None = None,
        prior: Mapping[str, float] | None = None,
        untrained: Sequence[Modality] = (),
        masked: Sequence[Modality] = (),
    ) -> "FusedRule":
        """Return the rule that a configuration states.

        Args:
            network: Which network answers.
            domain: Whose calibration holds; None: the network's only one; ``none``: none.
            prior: The declared share of each class; None: the network's own.
            untrained: As above.
            masked: As above.

        Raises:
            ConfigError: If the network has no calibration of that domain, or several and none is
                named, or the prior is not one of its classes.
        """
        chosen = _domain(network, domain)
        return cls(
            network=network,
            domain=chosen,
            calibration=None if chosen is None else network.calibrations[chosen],
            shift=None if prior is None else shift(network, prior),
            untrained=untrained,
            masked=masked,
        )

    def decide(
        self, person: PersonEvidence | None, baseline: Baseline | None = None
    ) -> FusedAnswer:
        """Return what a person's evidence amounts to.

        Args:
            person: None if the network has seen nothing of them.
            baseline: What is known of the person's neutral; None takes nothing off.
        """
        states = self._states(person)
        if person is None or person.evidence is None:
            return FusedAnswer(
                fused=None, abstained="no_evidence", valence=None, states=states, shares={}
            )
        evidence = person.evidence
        said = self._answer(evidence.logits, baseline)
        valence = round(float(said.probabilities @ np.array(self.network.valence_signs)), 6)
        return FusedAnswer(
            fused=None if said.abstains else self._fused(said, valence),
            abstained="unsure" if said.abstains else None,
            valence=valence,
            states=states,
            shares=self._shares(evidence, said, baseline),
            read=said.read,
        )

    def _answer(self, logits: Float32[ndarray, " C"], baseline: Baseline | None) -> Answer:
        return answer(logits, self.calibration, shift=self.shift, baseline=baseline)

    def _fused(self, said: Answer, valence: float) -> Fused:
        labels = self.network.labels
        probabilities = {
            name: round(float(p), 6) for name, p in zip(labels, said.probabilities, strict=True)
        }
        return Fused(
            label=max(probabilities, key=probabilities.__getitem__),
            probabilities=probabilities,
            valence=valence,
            construct=self.network.taught,
            trained_on=self.network.trained_on,
            calibrated_on=self.domain,
        )

    def _shares(
        self, evidence: Evidence, said: Answer, baseline: Baseline | None
    ) -> dict[Modality, float]:
        """Return how far the probabilities would be elsewhere without each modality."""
        if len(evidence.present) == 1:
            return {evidence.present[0]: 1.0}
        moved = {
            name: float(
                np.abs(said.probabilities - self._answer(logits, baseline).probabilities).sum()
            )
            for name, logits in evidence.without.items()
        }
        total = sum(moved.values())
        if total < LEAST_MOVED:
            return dict.fromkeys(moved, 1 / len(moved))
        return {name: part / total for name, part in moved.items()}

    def _states(self, person: PersonEvidence | None) -> dict[Modality, ModalityState]:
        return {name: self._state(name, person) for name in MODALITIES}

    def _state(self, name: Modality, person: PersonEvidence | None) -> ModalityState:
        if name in self.masked:
            return "masked"
        if name in self.untrained or name not in self.network.shape.branches:
            return "untrained"
        if person is None or name in person.missing:
            return "missing"
        return "stale" if name in person.stale else "ok"


def _domain(network: NetworkDescription, domain: str | None) -> str | None:
    known = tuple(network.calibrations)
    if domain == UNCALIBRATED or (domain is None and not known):
        return None
    if domain is None and len(known) == 1:
        return known[0]
    if domain not in known:
        has = ", ".join((*known, UNCALIBRATED))
        msg = (
            f"network.domain: {network.name} was calibrated on {has}; got {domain or 'none named'}"
        )
        raise ConfigError(msg)
    return domain
