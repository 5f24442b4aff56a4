"""A closed YAML document, ``--set`` overrides of it, and errors that name key and remedy."""

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engines.errors import ConfigError
from stream.redaction import hide_login

Model = TypeVar("Model", bound=BaseModel)


class _Yaml12Loader(yaml.SafeLoader):
    """YAML 1.2's booleans only: ``off`` is a word here, and the name of a setting."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {  # type: ignore[misc] # stubs
        first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:bool"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Yaml12Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$", re.IGNORECASE), list("tTfF")
)


def load_document(model: type[Model], path: Path, overrides: Sequence[str] = ()) -> Model:
    """Return what a file states.

    Args:
        model: Closed: a key that it does not know is an error.
        path: Of the YAML file.
        overrides: ``key=value`` pairs; keys are dotted, values are read as YAML.

    Raises:
        ConfigError: If the file cannot be read, or a key or a value is wrong.
    """
    values = _read(path)
    for override in overrides:
        _set(values, override)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        reasons = "; ".join(_explain(detail, model) for detail in error.errors())
        msg = f"{path}: {reasons}"
        raise ConfigError(msg) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        values = _parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read: {error}"
        raise ConfigError(msg) from error
    except yaml.YAMLError as error:
        msg = f"{path}: not YAML: {_where(error)}"
        raise ConfigError(msg) from None
    if not isinstance(values, dict):
        msg = f"{path}: expected keys with values, got {type(values).__name__}"
        raise ConfigError(msg)
    return values


def _parse(text: str) -> Any:  # noqa: ANN401 (whatever the YAML holds)
    return yaml.load(text, _Yaml12Loader)  # noqa: S506 (a SafeLoader)


def _set(values: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not all(key.split(".")):
        msg = f"--set {hide_login(override)!r}: expected key=value, such as reading.hop_s=1"
        raise ConfigError(msg)
    *sections, last = key.split(".")
    for section in sections:
        inner: Any = values.setdefault(section, {})
        if not isinstance(inner, dict):
            msg = f"--set {hide_login(override)!r}: {section!r} is a value, not a section"
            raise ConfigError(msg)
        values = inner
    try:
        values[last] = _parse(text)
    except yaml.YAMLError as error:
        msg = f"--set {hide_login(override)!r}: the value is not YAML ({_where(error)})"
        raise ConfigError(msg) from None


def _where(error: yaml.YAMLError) -> str:
    """Return what YAML stumbled over, and where, without the line itself: it may hold a login."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return type(error).__name__
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"


def _explain(detail: ErrorDetails, model: type[BaseModel]) -> str:
    key = ".".join(map(str, detail["loc"]))
    if not key:
        return detail["msg"]
    if detail["type"] != "extra_forbidden":
        return f"{key}: {detail['msg'].lower()}, got {hide_login(repr(detail['input']))}"
    allowed = _keys(model, detail["loc"][:-1])
    near = difflib.get_close_matches(str(detail["loc"][-1]), allowed, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown key {key!r}; {hint}allowed here: {', '.join(allowed)}"


def _keys(model: type[BaseModel], sections: Iterable[str | int]) -> list[str]:
    for section in sections:
        annotation = model.model_fields[str(section)].annotation
        options = (annotation, *get_args(annotation))
        model = next(o for o in options if isinstance(o, type) and issubclass(o, BaseModel))
    return list(model.model_fields)
