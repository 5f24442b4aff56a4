"""Stored answers as a model: what another program, or another day, was answered.

A file has a JSON object a line: ``clip``, ``sample`` from 0, ``step`` (reason, reason_repair,
reflect, reflect_repair) and ``text``; ``model`` where it is known.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from training.errors import DatasetError
from training.labelling.question import Question, Reply, Step


class RecordedLine(BaseModel):
    """One stored answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clip: str
    sample: int
    step: Step
    text: str
    model: str | None = None


class RecordedModel:
    """Answers from a file; it is asked what the file was made for.

    Args:
        path: The file.

    Raises:
        DatasetError: If it cannot be read, or says two things of one step.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[tuple[str, int, str], RecordedLine] = {}
        try:
            content = path.read_bytes()
            texts = content.decode().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            msg = f"--answers {path}: cannot be read: {error}"
            raise DatasetError(msg) from error
        self._digest = hashlib.sha256(content).hexdigest()
        for number, text in enumerate(texts, 1):
            if not text.strip():
                continue
            try:
                line = RecordedLine.model_validate_json(text)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(map(str, first["loc"])) or "the line"
                msg = f"--answers {path}, line {number}: {where}: {first['msg']}"
                raise DatasetError(msg) from error
            key = (line.clip, line.sample, line.step)
            if key in self._lines:
                msg = f"--answers {path}, line {number}: {', '.join(map(str, key))} is there twice"
                raise DatasetError(msg)
            self._lines[key] = line

    @property
    def identity(self) -> Mapping[str, str]:
        """The file, by its content."""
        return {"provider": "recorded", "endpoint": "", "model": self._digest}

    async def answer(self, question: Question) -> Reply:
        """Return what is stored, or that nothing is."""
        line = self._lines.get((question.clip, question.sample, question.step))
        if line is None:
            about = f"{question.clip}, sample {question.sample}, {question.step}"
            return Reply(stop="refused", text=f"no recorded answer for {about}")
        return Reply(stop="done", text=line.text, model_version=line.model)

    async def close(self) -> None:
        """Nothing is open."""
