"""A pool out of a table of ``subface label``: what its teacher said of interviews, and of gold.

A clip is an interview if it is the same film, byte for byte, or, where either film's digest is not
known, if it has the same name, leading zeros of a number aside.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from training.errors import DatasetError
from training.extraction.shards import ShardFolder
from training.imigue.labels import identifier
from training.interview import Entry, InterviewSet
from training.labelling.sample import Sample
from training.labelling.table import UNREADABLE, ClipLabel, LabelTable, read_table
from training.learning.taught_pool import TaughtPool
from training.pseudo_label.opinions import opinions_in
from training.reasoning.notes import teacher_of
from training.split import Split

LEARNED: Final = ("train", "validation")
SHOWN: Final = 5

Judged = Mapping[str, tuple[Sample, ...]]
"""The samples on each interview that was judged, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPool:
    """A pool, and what else became of the table's clips.

    Attributes:
        pool: To learn from.
        gold: Interviews of the fold ``train``.
        gold_judged: Those of them that the teacher judged.
        kept_out: Judged interviews that are neither gold nor in the pool, being of people of other
            folds.
        unknown: Clips that are no interview of the set.
    """

    pool: TaughtPool
    gold: int
    gold_judged: int
    kept_out: int
    unknown: int

    def told(self) -> str:
        """Return it in a line."""
        pool = self.pool
        said = (
            f"pool: {len(pool.entries)} interviews by {pool.teacher}, who judged "
            f"{self.gold_judged} of {self.gold} gold ones"
        )
        if self.kept_out:
            said += f"; {self.kept_out} of other folds' people kept out"
        if self.unknown:
            said += f"; {self.unknown} clips are no interview here"
        return said + ("; transductive: the test's are in it" if pool.transductive else "")


def labelled_pool(
    interviews: InterviewSet, split: Split, path: Path, *, transductive: bool
) -> LabelledPool:
    """Return the pool of a table of labels.

    Args:
        interviews: With those that have no label.
        split: Of the others: gold is its fold ``train``.
        path: Of the table.
        transductive: Whether the test's interviews, and others of its people, are in the pool.

    Raises:
        DatasetError: If the table cannot be read, its classes are others, none of its clips is an
            interview that is not gold, or none is gold.
    """
    table = read_table(path)
    _check_classes(table, interviews, path)
    judged, unknown = judged_in(table, interviews)
    if not judged:
        raise DatasetError(_strange(table, interviews, path))
    gold = split.folds["train"]
    asked = np.array([entry.name in judged for entry in gold])
    if not asked.any():
        raise DatasetError(_unasked(gold, path))
    entries = _pool(interviews, split, judged, transductive=transductive)
    if not entries:
        msg = (
            f"{path}: all its {len(judged)} clips are gold or of people of other folds, so there "
            "is no pool: `subface label` clips without a label, and extract them into the same "
            "folder"
        )
        raise DatasetError(msg)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    pool = TaughtPool(
        teacher=f"{teacher_of(table)} (labels {digest[:12]})",
        entries=entries,
        said=opinions_in([judged[entry.name] for entry in entries], interviews.labels),
        of_gold=opinions_in([judged.get(entry.name, ()) for entry in gold], interviews.labels),
        asked=asked,
        transductive=transductive,
    )
    used = {entry.name for entry in (*gold, *entries)}
    return LabelledPool(
        pool=pool,
        gold=len(gold),
        gold_judged=int(asked.sum()),
        kept_out=len(judged.keys() - used),
        unknown=unknown,
    )


def _pool(
    interviews: InterviewSet, split: Split, judged: Judged, *, transductive: bool
) -> tuple[Entry, ...]:
    """Return the interviews of the pool: whoever is judged and nobody learns or chooses by."""
    others = {name: own for name, own in split.folds.items() if name not in LEARNED}
    tested = {entry.name for own in others.values() for entry in own}
    held = {entry.name for own in split.folds.values() for entry in own}
    # a network knows again whom it has seen
    kept_out = {
        entry.subject
        for name, own in split.folds.items()
        if name != "train" and not (transductive and name in others)
        for entry in own
    }
    return tuple(
        entry
        for entry in interviews.entries
        if entry.name in judged
        and entry.subject not in kept_out
        and (entry.name not in held or (transductive and entry.name in tested))
    )


def judged_in(table: LabelTable, interviews: InterviewSet) -> tuple[Judged, int]:
    """Return the samples on each interview, and how many clips are none."""
    films = interviews.films if isinstance(interviews, ShardFolder) else {}
    by_film: dict[str, str] = {}
    for name, sha256 in films.items():
        by_film.setdefault(sha256, name)
    by_name = {identifier(entry.name): entry.name for entry in interviews.entries}
    judged: dict[str, tuple[Sample, ...]] = {}
    unknown = 0
    for clip in table.clips:
        if clip.status == UNREADABLE:
            continue
        found = _interview(clip, films, by_film, by_name)
        if found is None:
            unknown += 1
        else:  # one film under two names was judged twice
            judged[found] = judged.get(found, ()) + clip.samples
    return judged, unknown


def _interview(
    clip: ClipLabel,
    films: Mapping[str, str],
    by_film: Mapping[str, str],
    by_name: Mapping[str, str],
) -> str | None:
    named = by_name.get(identifier(clip.clip))
    film = None if named is None else films.get(named)
    if named is not None and (clip.digest is None or film in {None, clip.digest}):
        return named
    return None if clip.digest is None else by_film.get(clip.digest)


def _check_classes(table: LabelTable, interviews: InterviewSet, path: Path) -> None:
    if set(table.labels) != set(interviews.labels):
        msg = (
            f"{path}: its classes are {', '.join(table.labels)}, those of the gold "
            f"{', '.join(interviews.labels)}; expected the same: `subface label --labels "
            f"{','.join(interviews.labels)}`"
        )
        raise DatasetError(msg)


def _strange(table: LabelTable, interviews: InterviewSet, path: Path) -> str:
    clips, names = [clip.clip for clip in table.clips], [own.name for own in interviews.entries]
    return (
        f"{path}: none of its {len(clips)} clips ({_few(clips)}) is, by its film or by its name, "
        f"one of the {len(names)} interviews of {interviews.name} ({_few(names)}): extract the "
        "same files, or name them alike"
    )


def _unasked(gold: Sequence[Entry], path: Path) -> str:
    return (
        f"{path}: its teacher judged none of the {len(gold)} gold interviews to learn from "
        f"({_few([entry.name for entry in gold])}); how often it errs is counted on them: "
        "`subface label` these clips too, into the same table"
    )


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if names[SHOWN:] else "")
