"""What is known of interviews beside their features: a csv of the user's own, or iMiGUE's labels.

A user's has a line an interview, with the columns ``name``, ``subject`` and ``label``; where no
label is known, it may say at least whose interview it is. ``person``
says whom to take of a source in which somebody else is seen longer; every further column is a
slice, by which figures are also given.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engines.spec.labels import VALENCES
from engines.spec.reading import Construct
from training.errors import DatasetError
from training.imigue.labels import COLUMNS, LABELS, read_labels
from training.interview import Entry

NAME, SUBJECT, LABEL, PERSON = "name", "subject", "label", "person"
NEEDED: Final = (NAME, SUBJECT, LABEL)
EXPECTED: Final = (
    "expected a csv with the columns name (of the source), subject (who it is) and label, or the "
    "labels csv of iMiGUE"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSheet:
    """The interviews of a file of labels.

    Attributes:
        path: Where it lies.
        labels: The names of the classes.
        taught: What they are of.
        entries: One for each interview that has a label, in the order of the file.
        unlabelled: One for each that has none; their class stands for nothing.
        persons: Who of a source is meant, by the interview's name, where the file says so.
        of_all: Whether they are of a whole data set, of which a protocol may need a part.
    """

    path: Path
    labels: tuple[str, ...]
    taught: Construct
    entries: tuple[Entry, ...]
    unlabelled: tuple[Entry, ...] = ()
    persons: dict[str, str] = field(default_factory=dict)
    of_all: bool = False


def read_sheet(path: Path, classes: Sequence[str] | None = None) -> LabelSheet:
    """Read labels.

    Args:
        path: The file.
        classes: The classes that there are; by default those of negative, neutral and positive
            that occur.

    Raises:
        DatasetError: If it is missing, lacks a column or a value, names a source twice or knows a
            label that is no class; the message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, skipinitialspace=True)
            if set(COLUMNS) <= set(rows.fieldnames or ()):
                entries = read_labels(path)
                # whether somebody had won or lost shows in no single face
                return LabelSheet(
                    path=path, labels=LABELS, taught="hidden_emotion", entries=entries, of_all=True
                )
            return _sheet(path, rows, classes)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path}: it cannot be read as labels: {error}; {EXPECTED}"
        raise DatasetError(msg) from error


def _sheet(path: Path, rows: "csv.DictReader[str]", classes: Sequence[str] | None) -> LabelSheet:
    missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        msg = f"{path}: no column {', '.join(missing)}; {EXPECTED}"
        raise DatasetError(msg)
    known = VALENCES if classes is None else tuple(classes)
    told: list[tuple[str, dict[str, str]]] = [
        (f"{path}:{rows.line_num}", _checked(f"{path}:{rows.line_num}", row, known)) for row in rows
    ]
    if not any(row[LABEL] for _, row in told):
        got = f"{len(told)} lines without a label" if told else "none"
        msg = f"{path}: expected a line an interview, got {got}"
        raise DatasetError(msg)
    lines: dict[str, str] = {}
    for where, row in told:
        if row[NAME] in lines:
            msg = f"{where}: {row[NAME]} stands in {lines[row[NAME]]} already; expected it once"
            raise DatasetError(msg)
        lines[row[NAME]] = where
    occurring = {row[LABEL] for _, row in told if row[LABEL]}
    labels = tuple(name for name in known if classes is not None or name in occurring)
    return LabelSheet(
        path=path,
        labels=labels,
        taught="expressed_valence",
        entries=tuple(_entry(row, labels) for _, row in told if row[LABEL]),
        unlabelled=tuple(_entry(row, labels) for _, row in told if not row[LABEL]),
        persons={row[NAME]: row[PERSON] for _, row in told if row.get(PERSON)},
    )


def _checked(where: str, row: dict[str, str], known: Sequence[str]) -> dict[str, str]:
    if None in row or None in row.values():
        msg = f"{where}: expected a value for each column, got more or fewer"
        raise DatasetError(msg)
    row = {name: value.strip() for name, value in row.items()}
    empty = [name for name in (NAME, SUBJECT) if not row[name]]
    if empty:
        msg = f"{where}: {empty[0]} is empty"
        raise DatasetError(msg)
    if row[LABEL] and row[LABEL] not in known:
        msg = f"{where}: label: expected {', '.join(known)}, got {row[LABEL]!r}"
        raise DatasetError(msg)
    return row


def _entry(row: dict[str, str], labels: Sequence[str]) -> Entry:
    return Entry(
        name=row[NAME],
        subject=row[SUBJECT],
        label=labels.index(row[LABEL]) if row[LABEL] else 0,
        slices={name: value for name, value in row.items() if name not in {*NEEDED, PERSON}},
    )
