"""Loading of a profile: a shipped one by its name, or a YAML file, with ``--set`` overrides."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from configs import shipped, shipped_profiles
from engines.errors import ConfigError
from stream.config import Profile
from stream.document import load_document


def load_profile(name: str, overrides: Sequence[str] = ()) -> Profile:
    """Return a profile.

    Args:
        name: A shipped profile's name, or the path of a YAML file.
        overrides: ``key=value`` pairs; keys are dotted, values are read as YAML.

    Raises:
        ConfigError: If there is no such profile, or a key or a value is wrong.
    """
    return load_document(Profile, _find(name), overrides)


def _find(name: str) -> Path:
    if name in shipped_profiles():
        return shipped(f"{name}.yaml")
    path = Path(name).expanduser()
    if path.is_file():
        return path
    near = difflib.get_close_matches(name, shipped_profiles(), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    msg = (
        f"profile {name!r}: no such file, and no shipped profile has this name{hint} "
        f"(shipped: {', '.join(shipped_profiles())})"
    )
    raise ConfigError(msg)
