"""How the readings of two runs differ, hop by hop."""

from dataclasses import dataclass, field

from engines.spec.reading import Surface


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a reading of one person says that another may say differently.

    Attributes:
        surface: What the face shows; None where the reading abstains.
        keypoints: The share of the window's ticks with keypoints, 0..1.
    """

    surface: Surface | None
    keypoints: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingDifference:
    """How two runs' readings differ.

    Attributes:
        readings: Readings of the same person at the same hop.
        only_first: Readings of somebody of whom the second run has none.
        only_second: The other way round.
        surfaces: Of ``readings``, those in which both runs have a surface.
        surface_only_first: Those in which the second run abstains.
        surface_only_second: Those in which the first does.
        valence_mean: The mean of the surface valence's absolute difference; None without surfaces.
        valence_max: Its maximum.
        same_label: The share of ``surfaces`` with the same label.
        keypoints_first: The mean keypoint coverage of the first run; None without readings.
        keypoints_second: Of the second.
    """

    readings: int
    only_first: int
    only_second: int
    surfaces: int
    surface_only_first: int
    surface_only_second: int
    valence_mean: float | None
    valence_max: float | None
    same_label: float | None
    keypoints_first: float | None
    keypoints_second: float | None


@dataclass(slots=True)
class ReadingDifferences:
    """Adds up how readings differ."""

    _pairs: list[tuple[Said, Said]] = field(default_factory=list)
    _only_first: int = 0
    _only_second: int = 0

    def add(self, first: Said | None, second: Said | None) -> None:
        """Take one hop of one person; None stands for a run that has no reading of the person."""
        if first is not None and second is not None:
            self._pairs.append((first, second))
        elif first is not None:
            self._only_first += 1
        elif second is not None:
            self._only_second += 1

    def summary(self) -> ReadingDifference:
        """Return what came together so far."""
        surfaces = [
            (one.surface, other.surface)
            for one, other in self._pairs
            if one.surface is not None and other.surface is not None
        ]
        apart = [abs(one.valence - other.valence) for one, other in surfaces]
        alone = [(one.surface is None, other.surface is None) for one, other in self._pairs]
        return ReadingDifference(
            readings=len(self._pairs),
            only_first=self._only_first,
            only_second=self._only_second,
            surfaces=len(surfaces),
            surface_only_first=alone.count((False, True)),
            surface_only_second=alone.count((True, False)),
            valence_mean=_mean(apart),
            valence_max=max(apart, default=None),
            same_label=_mean([float(one.label == other.label) for one, other in surfaces]),
            keypoints_first=_mean([one.keypoints for one, _ in self._pairs]),
            keypoints_second=_mean([other.keypoints for _, other in self._pairs]),
        )


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
