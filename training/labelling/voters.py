"""Several teachers as one: the judgements of each are votes on a clip."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from training.labelling.material import Material
from training.labelling.sample import Sample
from training.labelling.teacher import Teacher


class Voters:
    """Labels by the votes of teachers; who abstains has none.

    Args:
        teachers: Who vote, one after the other.
    """

    def __init__(self, teachers: Sequence[Teacher]) -> None:
        self._teachers = tuple(teachers)

    @property
    def identity(self) -> Mapping[str, str]:
        """The models of all."""
        return {
            "provider": "votes",
            "endpoint": "",
            "model": "; ".join(own.identity["model"] for own in self._teachers),
            "prompts": "",
        }

    async def label(self, material: Material) -> tuple[Sample, ...]:
        """Return everybody's judgements; a reason names whose it is."""
        samples: list[Sample] = []
        for teacher in self._teachers:
            who = teacher.identity["provider"]
            samples.extend(
                replace(own, reason=f"{who}: {own.reason}" if own.reason else "")
                for own in await teacher.label(material)
            )
        return tuple(replace(own, number=number) for number, own in enumerate(samples))
