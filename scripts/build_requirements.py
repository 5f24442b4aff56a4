"""Prints what converts and trains models, from the extras [build] and [training] of pyproject.toml.

The pins live there and nowhere else. What neither imports is left out; added is what our networks
import beside torch, and what runs their tests over there and counts their lines.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
NOT_IMPORTED = {"onnxscript"}
ADDED = {"jaxtyping", "coverage", "pytest", "hypothesis", "pydantic", "platformdirs", "tenacity"}


def package_name(requirement: str) -> str:
    """Return the name at the start of a requirement."""
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def main() -> None:
    """Print one requirement a line."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    named = dict.fromkeys(extras["build"] + extras["training"])
    chosen = [line for line in named if package_name(line) not in NOT_IMPORTED]
    others = project["dependencies"] + extras["dev"]
    chosen += [line for line in others if package_name(line) in ADDED]
    sys.stdout.write("\n".join(chosen) + "\n")


if __name__ == "__main__":
    main()
