"""How pseudo-labels are made and when it is enough."""

from dataclasses import dataclass

from engines.errors import ConfigError
from training.evaluation.metrics import MetricName
from training.pseudo_label.weights import SURE, Weighing


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the rounds are run by; chosen on gold alone.

    Attributes:
        grades: Of a teacher's sureness, for each class; 0 keeps soft labels as they are.
        weighing: How much a pseudo-label counts; see ``weigh``.
        sure: The threshold, where there is one.
        rounds: At most, after the one of gold alone.
        metric: Of what a round has to gain.
        least_gain: How much it has to gain.

    Raises:
        ConfigError: If a number is below zero, or rounds below one.
    """

    grades: int = 4
    weighing: Weighing = "even"
    sure: float = SURE
    rounds: int = 3
    metric: MetricName = "auc"
    least_gain: float = 0.0

    def __post_init__(self) -> None:
        if self.grades < 0 or self.rounds < 1 or self.least_gain < 0:
            msg = (
                f"grades {self.grades}, rounds {self.rounds}, least_gain {self.least_gain}: "
                "expected 0 or more, 1 or more, 0 or more"
            )
            raise ConfigError(msg)
