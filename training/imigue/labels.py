"""iMiGUE's labels: one row a gesture, each of which repeats the interview's subject and outcome."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from training.errors import DatasetError
from training.interview import Entry

ACCESS: Final = (
    "iMiGUE is given out by the University of Oulu against a signed agreement "
    "(github.com/linuxsino/iMiGUE); Subface ships none of it"
)

LABELS: Final = ("negative", "positive")
OUTCOMES: Final = {"lose": 0, "win": 1}
"""Of ``win_or_lose``, in any case; indices into ``LABELS``."""

COLUMNS: Final = (
    "video_id", "label_id", "start_time", "start_frame", "end_time", "end_frame", "class",
    "subject_id", "subject_gender", "subject_nationality", "win_or_lose",
)  # fmt: skip
_USED: Final = ("video_id", "subject_id", "subject_gender", "subject_nationality", "win_or_lose")


def read_labels(path: Path) -> tuple[Entry, ...]:
    """Read who is interviewed in each video, and whether they had won.

    Args:
        path: The labels csv, with the columns of ``COLUMNS``.

    Returns:
        One entry a video, in the order of their ids, with slices by gender and nationality.

    Raises:
        DatasetError: If the file is missing, lacks a column, or contradicts itself; the message
            names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _entries(path, csv.DictReader(file, skipinitialspace=True))
    except FileNotFoundError as error:
        msg = f"{path}: expected the labels csv with the columns {', '.join(COLUMNS)}; {ACCESS}"
        raise DatasetError(msg) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path}: not a csv file that can be read: {error}"
        raise DatasetError(msg) from error


def identifier(text: str) -> str:
    """Return an id without leading zeros, so that 0047 and 47 are one."""
    text = text.strip()
    return str(int(text)) if text.isdecimal() else text


def _entries(path: Path, rows: "csv.DictReader[str]") -> tuple[Entry, ...]:
    missing = [name for name in _USED if name not in (rows.fieldnames or ())]
    if missing:
        msg = f"{path}: no column {', '.join(missing)}; expected {', '.join(COLUMNS)}"
        raise DatasetError(msg)
    entries: dict[str, Entry] = {}
    for row in rows:
        entry = _entry(f"{path}:{rows.line_num}", row)
        known = entries.setdefault(entry.name, entry)
        if known != entry:
            msg = (
                f"{path}:{rows.line_num}: video {entry.name} was of {_told(known)} before, "
                f"and is of {_told(entry)} here"
            )
            raise DatasetError(msg)
    if not entries:
        msg = f"{path}: expected one row a gesture, got none"
        raise DatasetError(msg)
    return tuple(sorted(entries.values(), key=lambda entry: (len(entry.name), entry.name)))


def _entry(where: str, row: dict[str, str]) -> Entry:
    empty = [name for name in _USED if not (row[name] or "").strip()]
    if empty:
        msg = f"{where}: {empty[0]} is empty"
        raise DatasetError(msg)
    outcome = row["win_or_lose"].strip().lower()
    if outcome not in OUTCOMES:
        msg = f"{where}: win_or_lose: expected {' or '.join(OUTCOMES)}, got {outcome!r}"
        raise DatasetError(msg)
    return Entry(
        name=identifier(row["video_id"]),
        subject=identifier(row["subject_id"]),
        label=OUTCOMES[outcome],
        slices={
            "gender": row["subject_gender"].strip(),
            "nationality": row["subject_nationality"].strip(),
        },
    )


def of_videos(entries: Iterable[Entry], videos: Iterable[str], *, fold: str) -> tuple[Entry, ...]:
    """Return the entries of some videos.

    Raises:
        DatasetError: If the labels know nothing of one of them.
    """
    known = {entry.name: entry for entry in entries}
    wanted = [identifier(video) for video in videos]
    missing = [video for video in wanted if video not in known]
    if missing:
        shown = ", ".join(missing[:5]) + (", ..." if missing[5:] else "")
        msg = (
            f"{fold}: the labels lack {len(missing)} of {len(wanted)} videos: {shown}; expected "
            f"the complete labels csv; {ACCESS}"
        )
        raise DatasetError(msg)
    return tuple(known[video] for video in wanted)


def _told(entry: Entry) -> str:
    slices = ", ".join(entry.slices.values())
    return f"subject {entry.subject} ({slices}; {LABELS[entry.label]})"
