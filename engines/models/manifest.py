"""The model manifest: what every model is, where it comes from, and what it must hash to.

The manifest is data (``configs/models.yaml``), so that a site can read what it runs, under which
licence, without reading code, and can put a mirror of its own in front.
"""

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import Discriminator, Field, Tag, ValidationError
from pydantic import model_validator as validates

from configs import shipped
from engines.errors import ConfigError
from engines.models.source import Entry, Package, PackageSource, Sha256, Source

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
Bytes = Annotated[int, Field(gt=0)]
Pixels = Annotated[int, Field(gt=0)]
Axis = int | str
Recipe = Literal[
    "person-boxes", "dinov2-crop", "face-embedding", "whole-body", "text-encoder", "tflite"
]

STRIDES: Final[Mapping[Recipe, int]] = {
    "person-boxes": 32,  # YOLO's coarsest cell
    "dinov2-crop": 14,  # a patch of DINOv2
    "face-embedding": 150,  # the one size that dlib's network knows
    "whole-body": 32,  # a cell of the networks' last stage
}
"""What the sides of a canvas are multiples of, for recipes that lay pictures on one."""

TAKES: Final[Mapping[Recipe, frozenset[str]]] = {
    **dict.fromkeys(STRIDES, frozenset({"canvas_hw"})),
    "text-encoder": frozenset({"tokens", "tokenizer"}),
    "tflite": frozenset(),  # the file says it all
}
"""Which of an entry's keys a recipe needs; it takes none of the others."""

PICKLES: Final = frozenset({".pt", ".pth", ".bin", ".ckpt", ".pkl", ".npy"})
"""Endings of files that may hold a program."""


class Tensor(Entry):
    """One input or output of a network."""

    name: str
    dtype: Literal["uint8", "int64", "float32"]
    shape: tuple[Axis, ...]
    about: str
    """Meaning, unit and range of its numbers."""


class ModelCommon(Entry):
    """What is known of every model."""

    about: str
    licence: str
    used_by: tuple[str, ...]
    """Groups to pull together: a profile's name, demo, build, or what it will serve later."""
    input: tuple[Tensor, ...] = ()
    output: tuple[Tensor, ...] = ()
    preprocessing: str | None = None
    classes: tuple[str, ...] | None = None
    """The network's own order, where its output is one probability a class."""
    notes: str | None = None


class ModelFile(Entry):
    """A file that is downloaded.

    Where the publisher states no digest it is null, which is weaker: what the first pull brings is
    recorded beside the file and held to from then on.
    """

    file: FileName
    sha256: Sha256 | None
    size_bytes: Bytes | None
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


class FetchedModel(ModelFile, ModelCommon):
    """A model of one file that is downloaded."""

    @property
    def files(self) -> tuple[ModelFile, ...]:
        """What is downloaded: this."""
        return (self,)

    @validates(mode="after")
    def _is_no_pickle_of_unknown_content(self) -> Self:
        _refuse_pickle_of_unknown_content(self)
        return self


class FolderModel(ModelCommon):
    """A model of several files that are downloaded into one folder, which is what its reader takes.

    CTranslate2's model.bin is tensors behind a header and no program, whatever torch means by that
    ending.
    """

    format: Literal["ctranslate2"]
    """Whose folder it is."""
    files: Annotated[tuple[ModelFile, ...], Field(min_length=1)]

    @validates(mode="after")
    def _has_no_pickle_of_unknown_content(self) -> Self:
        for file in self.files:
            if file.file != "model.bin":
                _refuse_pickle_of_unknown_content(file)
        return self

    @validates(mode="after")
    def _has_a_place_for_each_file(self) -> Self:
        names = [file.file for file in self.files]
        taken = [*names, *(f"{name}.json" for name in names)]  # where a first pull is recorded
        twice = next((name for name in taken if taken.count(name) > 1), None)
        if twice:
            msg = f"files: {twice} has two meanings"
            raise ValueError(msg)
        return self


class DerivedModel(ModelCommon):
    """A file that is converted from another model, on the machine that uses it.

    Its digest depends on the versions of the tools that made it, so it is kept in a sidecar beside
    the file, together with the digest of what it was made from.
    """

    file: FileName
    made_from: str
    recipe: Recipe
    revision: Annotated[int, Field(ge=1)]
    """Grows when the recipe's result changes: what an older one made is then made anew."""
    canvas_hw: tuple[Pixels, Pixels] | None = None
    """Of a network that looks at pictures."""
    tokens: Annotated[int, Field(gt=0)] | None = None
    """Of a network that reads: the longest text."""
    tokenizer: str | None = None
    """Of a network that reads: the model whose file cuts a text into its tokens."""
    options: Mapping[str, str] = {}
    """Further settings of the recipe."""

    @validates(mode="after")
    def _has_what_its_recipe_takes(self) -> Self:
        stated = {"canvas_hw": self.canvas_hw, "tokens": self.tokens, "tokenizer": self.tokenizer}
        wrong = conflict_of_extent(self.recipe, stated)
        if wrong:
            raise ValueError(wrong)
        return self


def conflict_of_extent(recipe: Recipe, stated: Mapping[str, object]) -> str | None:
    """Say what of a recipe's settings is missing, too much or does not fit; None if nothing is.

    Args:
        recipe: How a graph is made.
        stated: ``canvas_hw``, ``tokens`` and ``tokenizer``, None where it is not stated; one that
            is left out is not asked for.
    """
    for key, value in stated.items():
        if (value is not None) != (key in TAKES[recipe]):
            verb = "needs" if value is None else "takes no"
            return f"{key}: the recipe {recipe} {verb} {key}"
    canvas = stated.get("canvas_hw")
    if isinstance(canvas, tuple) and any(side % STRIDES[recipe] for side in canvas):
        return f"canvas_hw: expected multiples of {STRIDES[recipe]}, got {canvas[0]}x{canvas[1]}"
    return None


def _refuse_pickle_of_unknown_content(file: ModelFile) -> None:
    if file.sha256 is None and Path(file.file).suffix in PICKLES:
        msg = f"sha256: expected a digest, got null: loading {file.file} runs what it says"
        raise ValueError(msg)


def _kind(value: Any) -> str:  # noqa: ANN401 (raw YAML, or an instance)
    for key, kind in (("made_from", "derived"), ("format", "folder")):
        if key in value if isinstance(value, dict) else hasattr(value, key):
            return kind
    return "fetched"


AnyModel = FetchedModel | FolderModel | DerivedModel
Model = Annotated[
    Annotated[FetchedModel, Tag("fetched")]
    | Annotated[FolderModel, Tag("folder")]
    | Annotated[DerivedModel, Tag("derived")],
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

    def _dangling(self, model: AnyModel) -> str | None:
        if isinstance(model, DerivedModel):
            for key, name in (("made_from", model.made_from), ("tokenizer", model.tokenizer)):
                if name is not None and not isinstance(self.models.get(name), FetchedModel):
                    return f"{key}: {name!r} is no downloaded model of one file"
            return None
        for file in model.files:
            for source in file.sources:
                wanted = source.members() if isinstance(source, PackageSource) else ()
                for member in wanted:
                    if member.package not in self.packages:
                        return f"sources: {member.package!r} is not among the packages"
        return None

    def model(self, name: str) -> AnyModel:
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
        msg = f"made_from: {model.made_from!r} is no downloaded model of one file"
        raise ConfigError(msg)

    def with_tokenizers(self, names: Iterable[str]) -> list[str]:
        """Return models, each once, and what those of them that read cannot do without.

        Raises:
            ConfigError: If there is no such model.
        """
        wanted: dict[str, None] = {}
        for name in names:
            wanted[name] = None
            model = self.model(name)
            if isinstance(model, DerivedModel) and model.tokenizer is not None:
                wanted[model.tokenizer] = None
        return list(wanted)

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
