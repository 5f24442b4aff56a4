"""Where training runs: in a Python that has torch, which the monitor's own need not have.

The work is handed over with the process itself: the same terminal, signals and exit code.
"""

import json
import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NoReturn

from engines.errors import ConfigError, ModelSourceError
from engines.models.convert import CHECKOUT, OURS, VARIABLE, build_python

NEEDED: Final = ("torch", "lightning")


def has_torch() -> bool:
    """Return whether this Python can train."""
    return all(find_spec(name) is not None for name in NEEDED)


def torch_python() -> Path:
    """Return the Python that can train: this one, or that of the build environment.

    Raises:
        ConfigError: If there is none.
    """
    if has_torch():
        return Path(sys.executable)
    try:
        return build_python()
    except ModelSourceError as error:
        msg = (
            "training needs torch and Lightning, which this Python has not: run `make build-env` "
            "in the checkout (once, 2-5 minutes, 6 GB), install 'subface[training]', or set "
            f"{VARIABLE} to a Python that has them"
        )
        raise ConfigError(msg) from error


def hand_over(module: str, options: Mapping[str, Any]) -> NoReturn:
    """Become another program: a module that reads its options from one argument of JSON.

    Args:
        module: Such as ``training.commands.train``.
        options: Of the verb; paths are written as text, relative ones stay so.

    Raises:
        ConfigError: If no Python can train.
    """
    python = str(torch_python())
    argument = json.dumps({key: _plain(value) for key, value in options.items()})
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: the user's folder is no place to import from
    command = [python, "-P", "-m", module, argument]
    os.execve(python, command, environment())  # noqa: S606 (the Python that was just found)


def environment() -> dict[str, str]:
    """Return the environment of the other Python: in a checkout it need not have us installed."""
    kept = {key: value for key, value in os.environ.items() if key not in OURS}
    if (CHECKOUT / "pyproject.toml").is_file():
        kept["PYTHONPATH"] = str(CHECKOUT)
    return kept


def _plain(value: object) -> Any:  # noqa: ANN401 (whatever JSON holds)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [_plain(own) for own in value]
    return value
