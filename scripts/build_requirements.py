"""Prints what the conversion of models needs, from the extra [build] of pyproject.toml.

The pins live there and nowhere else. What the conversion does not import is left out, and what our
networks import beside torch is added, so that .venv-build needs no live environment in it.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
NOT_FOR_CONVERSION = {"transformers", "onnxscript"}
FROM_THE_CORE = {"jaxtyping"}


def package_name(requirement: str) -> str:
    """Return the name at the start of a requirement."""
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def main() -> None:
    """Print one requirement a line."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"]["build"]
    chosen = [line for line in extra if package_name(line) not in NOT_FOR_CONVERSION]
    chosen += [line for line in project["dependencies"] if package_name(line) in FROM_THE_CORE]
    sys.stdout.write("\n".join(chosen) + "\n")


if __name__ == "__main__":
    main()
