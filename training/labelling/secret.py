"""A key: from the environment or a file, and taken out of every text that is kept or shown."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engines.errors import ConfigError

HIDDEN: Final = "***"
SHORTEST: Final = 8
"""In characters: what is shorter is no key, and taking it out would mangle texts."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A key that no repr shows.

    Attributes:
        value: The key itself.
    """

    value: str = field(repr=False)

    def hide(self, text: str) -> str:
        """Return a text without the key in it: providers repeat it in errors."""
        return text.replace(self.value, HIDDEN)


def read_secret(*, variable: str, file: Path | None) -> Secret:
    """Return a key.

    Args:
        variable: The environment variable that holds it, if no file does.
        file: Its first line is the key.

    Raises:
        ConfigError: If there is none; the message repeats nothing that might be one.
    """
    if file is None:
        value, where = os.environ.get(variable, ""), "the environment variable of --key-env"
    else:
        where = "the first line of --key-file"
        try:
            with file.expanduser().open(encoding="utf-8") as lines:
                value = lines.readline()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            msg = f"--key-file: its first line cannot be read: {reason}"
            raise ConfigError(msg) from None
    value = value.strip()
    if len(value) < SHORTEST or not value.isascii() or not value.isprintable():
        msg = f"no key: expected {where} to hold one, of {SHORTEST} printable characters or more"
        raise ConfigError(msg)
    return Secret(value)
