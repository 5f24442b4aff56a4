"""What a network must keep to compute in less than f32: ``configs/precision.yaml``."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from configs import shipped
from engines.errors import ConfigError
from engines.models.source import Entry

Share = Annotated[float, Field(ge=0, le=1)]


class BoxLimits(Entry):
    """Of a detector, at least."""

    f1: Share
    mean_iou: Share


class LandmarkLimits(Entry):
    """Of a network that lays points on a part of the body."""

    error: Annotated[float, Field(gt=0)]
    """At most, in the part's own unit."""
    presence: Share
    """At least."""


class EmbeddingLimits(Entry):
    """Of a network that makes vectors, at least."""

    cosine: Share
    worst: Share
    neighbours: Share


class ProbabilityLimits(Entry):
    """Of a network that tells classes."""

    agreement: Share
    """At least."""
    variation: Share
    """At most."""


class Limits(Entry):
    """All of them."""

    schema_version: Literal[1] = Field(alias="schema")
    samples: Annotated[int, Field(ge=1)]
    boxes: BoxLimits
    landmarks: LandmarkLimits
    embedding: EmbeddingLimits
    probabilities: ProbabilityLimits


def load_limits(path: Path | None = None) -> Limits:
    """Read the limits; the shipped ones by default.

    Raises:
        ConfigError: If the file is missing or does not fit, with the key at fault.
    """
    place = shipped("precision.yaml") if path is None else path
    try:
        return Limits.model_validate(yaml.safe_load(place.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        msg = f"{place}: cannot be read: {' '.join(str(error).split())}"
        raise ConfigError(msg) from error
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg'].lower()}" for one in error.errors()
        )
        msg = f"{place}: {reasons}"
        raise ConfigError(msg) from error
