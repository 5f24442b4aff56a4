"""The line that a user types for a verb, as a card gives it."""

import shlex
from collections.abc import Iterable, Mapping


def command_line(
    words: Iterable[object], options: Mapping[str, object], overrides: Iterable[str]
) -> str:
    """Return a line that a shell reads as it was meant.

    Args:
        words: The verb and its arguments.
        options: By name; one that is None was not given.
        overrides: Of ``--set``.
    """
    line = ["subface", *map(str, words)]
    for name, value in options.items():
        line += [] if value is None else [name, str(value)]
    for override in overrides:
        line += ["--set", override]
    return shlex.join(line)
