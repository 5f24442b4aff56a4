"""Answers on disk, each under the digest of its question: none is paid for twice."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from training.errors import DatasetError
from training.labelling.question import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An answer, and what it cost when it was given.

    Attributes:
        reply: The answer.
        cost_usd: None where no price was known.
        answered_at: Wall time, ISO 8601.
    """

    reply: Reply
    cost_usd: float | None
    answered_at: str


class AnswerCache:
    """A folder of answers.

    Args:
        folder: It is made when the first is put in.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, digest: str) -> Kept | None:
        """Return the answer to a question; None if there is none.

        Raises:
            DatasetError: If it cannot be read.
        """
        path = self._path(digest)
        try:
            content = json.loads(path.read_bytes())
            return Kept(**content | {"reply": Reply(**content["reply"])})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            msg = f"{path}: not an answer that was kept: {error}; remove it to ask again"
            raise DatasetError(msg) from error

    def put(self, digest: str, kept: Kept) -> None:
        """Keep an answer; it is there whole or not at all."""
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(asdict(kept), ensure_ascii=False, indent=1), encoding="utf-8")
        part.replace(path)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.json"
