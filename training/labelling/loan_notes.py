"""Which films are with a provider, on disk: noted before they leave, struck out when they are gone.

A run that is killed cannot take its films back; the next one with the same cache reads here what
there is to take.
"""

import json
from pathlib import Path
from typing import Final

FILE: Final = "lent.jsonl"


class LoanNotes:
    """A file of names, each with whether it is gone; nobody else writes to it.

    Args:
        folder: The cache of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def open_loans(self) -> list[str]:
        """Return the names of what was not taken back."""
        names: dict[str, None] = {}
        try:
            content = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        for line in content.splitlines():
            try:
                told = json.loads(line)
                name, gone = str(told["name"]), bool(told["gone"])
            except (ValueError, KeyError, TypeError):
                continue  # a kill came between: what was not noted was not sent
            if gone:
                names.pop(name, None)
            else:
                names[name] = None
        return list(names)

    def lend(self, name: str) -> None:
        """Note what is about to leave."""
        self._note(name, gone=False)

    def strike(self, name: str) -> None:
        """Note what is gone; a file without open loans goes, too."""
        self._note(name, gone=True)
        if not self.open_loans():
            self._path.unlink()

    def _note(self, name: str, *, gone: bool) -> None:
        # a line that a kill left half written ends here
        with self._path.open("a", encoding="utf-8") as file:
            file.write("\n" * self._is_torn() + json.dumps({"name": name, "gone": gone}) + "\n")

    def _is_torn(self) -> bool:
        content = self._path.read_bytes()
        return bool(content) and not content.endswith(b"\n")
