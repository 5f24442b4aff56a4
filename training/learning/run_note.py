"""``run.json``: what a run learns from and how, so that nothing else goes on in its folder."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engines.errors import ConfigError
from training.interview import Entry, InterviewSet
from training.learning.branches_then_joint import Learning
from training.learning.dataset import Fold
from training.learning.taught_pool import TaughtPool
from training.reasoning.reasoned import ReasonedInterviews, readings


def noted(pool: TaughtPool, everybody: Fold) -> dict[str, Any]:
    """Return what is written of a pool.

    Args:
        pool: With its teacher.
        everybody: The gold, then the pool.
    """
    rows = range(len(everybody) - len(pool.entries), len(everybody))
    content = everybody.part(rows, name="pool").digest() + pool.digest()
    return {
        "teacher": pool.teacher,
        "transductive": pool.transductive,
        "sha256": hashlib.sha256(content.encode()).hexdigest(),
        "gold_asked": len(pool.of_gold) if pool.asked is None else int(pool.asked.sum()),
        "interviews": _names(pool.entries),
    }


def keep_run(
    path: Path, learning: Learning, interviews: InterviewSet, *, pool: dict[str, Any] | None
) -> None:
    """Write what is trained on what, or refuse a folder that says otherwise.

    Args:
        path: Of the file.
        learning: How, and on which folds.
        interviews: Their set.
        pool: What is written of one; None: there is none, and then nothing of it is written.

    Raises:
        ConfigError: If there is another run.
    """
    plain = learning.recipe.model_dump(mode="json")
    if pool is None:
        del plain["pseudo"]
    if not isinstance(interviews, ReasonedInterviews):
        del plain["augment"]["reasoning"]
    run: dict[str, Any] = {
        "recipe": plain,
        "data": {
            "name": readings(interviews)[0].name,
            "labels": list(interviews.labels),
            "folds": {
                fold.name: {"sha256": fold.digest(), "interviews": _names(fold.entries)}
                for fold in (learning.train, learning.validation)
            },
        },
    }
    if isinstance(interviews, ReasonedInterviews):
        run["data"]["reasoning"] = asdict(interviews.source)
    if pool is not None:
        run["pool"] = pool
    if learning.pool:
        run["paced_by"] = learning.pool
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
        part.replace(path)
        return
    _refuse_another(path, run)


def _refuse_another(path: Path, run: dict[str, Any]) -> None:
    found = json.loads(path.read_text(encoding="utf-8"))
    for key, what in (
        ("pool", "another pool"),
        ("recipe", "another recipe"),
        ("data", "other data"),
        ("paced_by", "another pace"),
    ):
        if found.get(key) != run.get(key):
            msg = f"{path}: a run of {what} lies here; give another folder, or the same of all"
            raise ConfigError(msg)


def _names(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.name for entry in entries]
