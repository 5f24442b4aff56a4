"""The prompts: Jinja templates in a folder that names their version, and one digest for all."""

import hashlib
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from configs import shipped
from engines.errors import ConfigError

NAMES: Final = ("system", "reason", "reflect", "repair")
SHIPPED: Final = "hidden_emotion_1"


class Prompts:
    """A set of templates.

    Args:
        choice: The name of a shipped set, or a folder with one's own.

    Attributes:
        name: Of the set, its version at the end.
        digest: SHA-256 of all templates.

    Raises:
        ConfigError: If one is missing or is no template.
    """

    def __init__(self, choice: str = SHIPPED) -> None:
        own = shipped("prompts") / choice
        folder = own if own.is_dir() else Path(choice).expanduser()
        self.name = folder.name
        try:
            sources = [_file(folder, name).read_bytes() for name in NAMES]
            environment = Environment(
                loader=FileSystemLoader(folder),
                undefined=StrictUndefined,
                autoescape=False,  # noqa: S701 (no HTML: a prompt is plain text)
                trim_blocks=True,
            )
            self._templates = {
                name: environment.get_template(_file(folder, name).name) for name in NAMES
            }
        except OSError as error:
            known = ", ".join(sorted(path.name for path in shipped("prompts").iterdir()))
            msg = (
                f"--prompts {choice}: {error.strerror}: {error.filename}; expected {known}, or a "
                f"folder with {', '.join(f'{name}.md.j2' for name in NAMES)}"
            )
            raise ConfigError(msg) from error
        except TemplateError as error:
            msg = f"--prompts {choice}: {error}"
            raise ConfigError(msg) from error
        self.digest = hashlib.sha256(b"\0".join(sources)).hexdigest()

    def render(self, name: str, **values: Any) -> str:  # noqa: ANN401 (whatever a template uses)
        """Return a prompt.

        Args:
            name: Of the template.
            values: What it speaks of.

        Raises:
            ConfigError: If the template speaks of something that there is not.
        """
        try:
            return self._templates[name].render(**values).strip()
        except TemplateError as error:
            msg = f"prompts {self.name}, {name}: {error}"
            raise ConfigError(msg) from error


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.md.j2"
