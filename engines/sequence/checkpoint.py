"""A trained network as a folder: what it is, what it was fed, and the graphs that run it.

    network.json                  the description below
    weights.safetensors           for training and building; a live run does not read it
    MODALITY-step.onnx            one tick of a branch
    MODALITY-history.onnx         a branch over a whole history
    fusion.onnx                   the pooled branches to logits

Nothing in it is executed or unpickled, and every file is the one that the description names. The
live side feeds a branch only what it was trained on: anything else is noise to it that looks like
evidence, and the branch is reported as untrained instead.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from engines.errors import ModelDigestError, ModelError, ModelMissingError
from engines.sequence.shape import Closed, Count, Modality, NetworkShape
from engines.spec.reading import Construct

DESCRIPTION: Final = "network.json"
WEIGHTS: Final = "weights.safetensors"
FUSION: Final = "fusion.onnx"

PRIOR_SUM: Final = 1e-3  # shares are written with few digits

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Fed(Closed):
    """What makes a branch's features."""

    name: str
    """Of the keypoint network, the appearance encoder or the text encoder."""
    digest: Sha256 | None = None
    """Of its file; null where it has none."""


class Beside(Closed):
    """What a branch learned from beside its own features, and no live run has: a teacher's notes.

    Where they were withheld their numbers are zeros; live they always are.
    """

    kind: Literal["cues", "all"]
    """cues: what was observed; all: with what it was taken for, and the reasoning."""
    teacher: str
    labels: Sha256
    """The digest of the table of labels that held it."""
    width: Count
    """Its numbers, after the features' own; the encoder of these made them."""
    withheld: Annotated[float, Field(ge=0, le=1)]
    """How often it was, of an interview in training."""

    def told(self) -> str:
        """Return whose and what it is, as cards and errors name it."""
        return f"{'cues' if self.kind == 'cues' else 'cues and reasoning'} of {self.teacher}"


class Calibration(Closed):
    """What makes logits a probability one can act on, on data of one domain."""

    temperature: Annotated[float, Field(gt=0)]
    """Logits are divided by it."""
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Below this probability of the best class the network abstains ..."""
    risk: Annotated[float, Field(ge=0, le=1)] | None = None
    """... so that at most this share of what it says is wrong; null: it never abstains."""
    n: Count
    """How many examples, by different people where they are people, it was fitted on."""


class NetworkDescription(Closed):
    """``network.json``."""

    format: Literal["subface.network/1"] = "subface.network/1"
    name: str
    labels: Annotated[tuple[str, ...], Field(min_length=2)]
    """The classes, in the order of the logits."""
    taught: Construct
    """A reading's ``construct``; hidden_emotion only from outcomes that no face shows."""
    trained_on: str
    """The data."""
    shape: NetworkShape
    fed: dict[Modality, Fed]
    """By trained branch; one that is not here learned from nothing."""
    beside: dict[Modality, Beside] = Field(default_factory=dict)
    """By branch, what it was also given in training."""
    word_delay_s: Annotated[float, Field(ge=0)] = 0.0
    """How late words were in training."""
    prior: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=2)] | None = None
    """The share of each class that the logits take for granted; null: it is not known."""
    signs: tuple[Literal[-1, 0, 1], ...] | None = None
    """What each class says of valence; null: negative and positive by their names, or of two
    classes the second less the first."""
    stale_s: dict[Modality, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """How long a modality counts after its newest tick; one that is not here counts to the end."""
    calibrations: dict[str, Calibration] = Field(default_factory=dict)
    """By the domain that each was fitted on; on another it calibrates nothing."""
    files: dict[str, Sha256]
    """The digests of the folder's other files."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(self.labels) != self.shape.classes:
            msg = f"labels: expected {self.shape.classes} as the shape has, got {len(self.labels)}"
            raise ValueError(msg)
        if self.prior is not None and (
            len(self.prior) != self.shape.classes or abs(sum(self.prior) - 1) > PRIOR_SUM
        ):
            msg = f"prior: expected {self.shape.classes} shares that sum to 1, got {self.prior}"
            raise ValueError(msg)
        if self.signs is not None and len(self.signs) != self.shape.classes:
            msg = f"signs: expected one for each of {self.shape.classes} classes, got {self.signs}"
            raise ValueError(msg)
        unknown = [name for name in self.fed if name not in self.shape.branches]
        if unknown:
            msg = f"fed: the network has no branch {unknown[0]!r}"
            raise ValueError(msg)
        for name, beside in self.beside.items():
            branch = self.shape.branches.get(name)
            if branch is None or branch.features <= beside.width:
                msg = f"beside: expected a branch {name!r} of more than {beside.width} features"
                raise ValueError(msg)
        return self

    @property
    def valence_signs(self) -> tuple[int, ...]:
        """What each class adds to valence: 1, 0 or -1."""
        if self.signs is not None:
            return self.signs
        if {"negative", "positive"} <= set(self.labels):
            return tuple((name == "positive") - (name == "negative") for name in self.labels)
        return (-1, *(0 for _ in self.labels[2:]), 1)

    def untrained(
        self, fed: Mapping[Modality, Fed], *, beside: Collection[Modality] = ()
    ) -> dict[Modality, str]:
        """Return why branches must be masked in a run that would feed them so.

        Args:
            fed: What the run has; a modality that it does not have is merely missing.
            beside: Branches that get what they had beside it in training as well; none live.

        Returns:
            By modality, the reason; empty where everything fits.
        """
        reasons: dict[Modality, str] = {}
        for name in self.shape.branches:
            learned, given = self.fed.get(name), fed.get(name)
            if learned is None:
                reasons[name] = f"{self.name} never learned from {name}"
            elif given is not None and given != learned:
                reasons[name] = (
                    f"{self.name} learned {name} from {_shown(learned)}, this run has "
                    f"{_shown(given)}"
                )
            elif given is not None and name not in beside and self._never_without(name):
                reasons[name] = (
                    f"{self.name} learned {name} with {self.beside[name].told()} and never "
                    "without, which this run has not"
                )
        return reasons

    def _never_without(self, name: Modality) -> bool:
        return name in self.beside and not self.beside[name].withheld


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A folder whose description was read.

    Attributes:
        folder: Where it lies.
        description: What it says.
        digest: Of the description, which names the digests of all the rest.
    """

    folder: Path
    description: NetworkDescription
    digest: str

    def file(self, name: str) -> Path:
        """Return a file of the folder, after it was found to be the one described.

        Raises:
            ModelMissingError: If it is not there, or the description knows none of this name.
            ModelDigestError: If it is another.
        """
        expected = self.description.files.get(name)
        path = self.folder / name
        if expected is None or not path.is_file():
            has = ", ".join(self.description.files) or "nothing"
            msg = f"{path}: the checkpoint has no such file, but {has}; export it again"
            raise ModelMissingError(msg)
        found = sha256(path)
        if found != expected:
            msg = f"{path}: expected sha256 {expected[:12]}..., got {found[:12]}...; is it whole?"
            raise ModelDigestError(msg)
        return path


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read a folder's description.

    Raises:
        ModelMissingError: If there is none.
        ModelError: If it is not as it must be.
    """
    path = folder / DESCRIPTION
    try:
        text = path.read_bytes()
    except OSError as error:
        msg = f"{path}: there is no such checkpoint; expected a folder that `subface train` made"
        raise ModelMissingError(msg) from error
    try:
        description = NetworkDescription.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        msg = f"{path}: {place}: {first['msg']}"
        raise ModelError(msg) from error
    return Checkpoint(
        folder=folder, description=description, digest=hashlib.sha256(text).hexdigest()
    )


def write_description(folder: Path, description: NetworkDescription) -> Checkpoint:
    """Write a folder's description and return what can then be read."""
    part = folder / f".{DESCRIPTION}.part"
    plain = description.model_dump(mode="json")
    if not description.beside:
        del plain["beside"]  # older programs read what never had any
    part.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    part.replace(folder / DESCRIPTION)
    return read_checkpoint(folder)


def step_graph(modality: Modality) -> str:
    """Return the file's name of a branch's step form."""
    return f"{modality}-step.onnx"


def history_graph(modality: Modality) -> str:
    """Return the file's name of a branch's batch form."""
    return f"{modality}-history.onnx"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shown(fed: Fed) -> str:
    return fed.name if fed.digest is None else f"{fed.name} ({fed.digest[:12]})"
