"""The errors that are expected: each says what, where, got, expected and remedy in one line.

SubfaceError                 1  something failed at run time
  ConfigError                2  a profile, an option or a value is wrong
  ModelError                 2  a model cannot be used
    ModelMissingError           its file is not in the cache
    ModelDigestError            its file is not the one the manifest names
    ModelSourceError            none of its sources could be reached
    VariantError                in another precision it is not the file that was admitted
  EngineError                1  a runtime could not load or run a graph
    PlanError                2  a stored plan must not be loaded, or cannot be stored
    DeviceLostError             a card stopped answering; only a new process can use it again
  RecordingError             1  recorded keypoints cannot be read
"""

from typing import ClassVar


class SubfaceError(Exception):
    """An expected failure, whose message a user can act on.

    Attributes:
        exit_code: What the command line returns for it.
    """

    exit_code: ClassVar[int] = 1


class ConfigError(SubfaceError):
    """A profile, an option or a value is wrong."""

    exit_code = 2


class ModelError(SubfaceError):
    """A model cannot be used."""

    exit_code = 2


class ModelMissingError(ModelError):
    """A model's file is not in the cache."""


class ModelDigestError(ModelError):
    """A model's file is not the one that the manifest names."""


class ModelSourceError(ModelError):
    """None of a model's sources could be reached."""


class VariantError(ModelError):
    """A model's file in another precision is not the one that was held against f32."""


class EngineError(SubfaceError):
    """A runtime could not load or run a graph."""


class DeviceLostError(EngineError):
    """A card stopped answering: nothing in this process can use it any more, a new one may."""


class PlanError(EngineError):
    """A stored plan must not be loaded, or one cannot be stored."""

    exit_code = 2


class RecordingError(SubfaceError):
    """Recorded keypoints cannot be read."""
