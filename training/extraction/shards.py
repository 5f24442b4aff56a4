"""Interviews from the shards of our own extractor and a file of labels.

Of each source the one seen longest is the interview, unless the labels name somebody else; a break
of the stream divides a recording, and then the longest part counts.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path

from engines.sequence.checkpoint import Fed
from engines.sequence.shape import Modality
from engines.spec.reading import Construct
from training.errors import DatasetError
from training.extraction.label_sheet import LabelSheet, read_sheet
from training.extraction.manifest import ShardManifest, ShardNote, read_manifest
from training.extraction.shard import read_shard
from training.imigue.labels import identifier
from training.interview import Entry, Interview

SHOWN = 5


class ShardFolder:
    """The labelled interviews of a folder that ``subface extract`` made, each read when asked for.

    Args:
        folder: With ``shards.json``.
        labels: A csv with a line an interview; see ``read_sheet``. A source is named as it was
            extracted; leading zeros of a number do not matter.
        classes: The classes that there are; by default those of negative, neutral and positive
            that occur.
        unlabelled: Whether interviews without a label belong to it: those whose label is empty, and
            all others of the folder, each of a person of its own. Their class stands for nothing.

    Attributes:
        labelled: The interviews whose label is known.

    Raises:
        DatasetError: If the folder or the labels cannot be read, the folder lacks an interview
            of the labels (of iMiGUE's it may, as long as nobody asks for it), or a label is empty
            where none may be.
    """

    def __init__(
        self,
        folder: Path,
        labels: Path,
        *,
        classes: tuple[str, ...] | None = None,
        unlabelled: bool = False,
    ) -> None:
        self._folder = folder
        self._sheet = read_sheet(labels, classes)
        self._manifest = read_manifest(folder)
        self.labelled = self._sheet.entries
        if self._sheet.unlabelled and not unlabelled:
            msg = (
                f"{labels}: {self._sheet.unlabelled[0].name}: label is empty; interviews without "
                "one are learned from by what a teacher says of them (--pseudo)"
            )
            raise DatasetError(msg)
        self._entries = self.labelled + self._sheet.unlabelled
        self._sources = _sources(folder, self._manifest, self._sheet, self._entries)
        if unlabelled:
            self._take_others()
        self._notes = _notes(folder, self._manifest, self._sheet, self._entries, self._sources)

    @property
    def name(self) -> str:
        """What a card calls the data."""
        return self._folder.absolute().name

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Who is interviewed and what is to be learned, in the order of the labels.

        Those without one come last.
        """
        return self._entries

    @property
    def films(self) -> Mapping[str, str]:
        """The SHA-256 of the file that an interview was extracted from, where it was a file."""
        found = {
            entry.name: self._manifest.sources[source].sha256
            for entry, source in zip(self._entries, self._sources, strict=True)
            if source is not None
        }
        return {name: sha256 for name, sha256 in found.items() if sha256 is not None}

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self._sheet.labels

    @property
    def taught(self) -> Construct:
        """What the classes are of."""
        return self._sheet.taught

    @property
    def fed(self) -> Mapping[Modality, Fed]:
        """What made the features."""
        return self._manifest.made_by.fed

    @property
    def word_delay_s(self) -> float:
        """How late words were known after they were heard."""
        return self._manifest.made_by.word_delay_s

    def __len__(self) -> int:
        return len(self._notes)

    def __getitem__(self, number: int, /) -> Interview:
        """Read an interview.

        Raises:
            DatasetError: If it was not extracted, its shard is cut off or was changed, or a feature
                in it is no number.
        """
        entry, note = self.entries[number], self._notes[number]
        if note is None:
            raise DatasetError(_lacks(self._folder, self._manifest, self._sheet, [entry.name]))
        shard = read_shard(self._folder / note.file, sha256=note.sha256, size_bytes=note.size_bytes)
        return shard.interview(entry, grid_hz=self._manifest.made_by.grid_hz)

    def _take_others(self) -> None:
        """Take up the interviews that no label names and in which there is somebody."""
        others = tuple(
            name
            for name, source in self._manifest.sources.items()
            if name not in self._sources
            and (own := source.longest()) is not None
            and own.seen_ticks
        )
        self._entries += tuple(Entry(name=name, subject=name, label=0) for name in others)
        self._sources += others


def _sources(
    folder: Path, manifest: ShardManifest, sheet: LabelSheet, entries: tuple[Entry, ...]
) -> tuple[str | None, ...]:
    """Return the source of each interview of the labels.

    One may only lack if the labels are those of a whole data set: a protocol may need fewer.
    """
    names = {identifier(name): name for name in manifest.sources}
    names |= {name: name for name in manifest.sources}
    sources = [names.get(entry.name) or names.get(identifier(entry.name)) for entry in entries]
    missing = [entry.name for entry, source in zip(entries, sources, strict=True) if source is None]
    if missing and (not sheet.of_all or len(missing) == len(sources)):
        raise DatasetError(_lacks(folder, manifest, sheet, missing))
    return tuple(sources)


def _notes(
    folder: Path,
    manifest: ShardManifest,
    sheet: LabelSheet,
    entries: tuple[Entry, ...],
    sources: tuple[str | None, ...],
) -> tuple[ShardNote | None, ...]:
    """Return the shard of each interview."""
    return tuple(
        None if source is None else _note(folder, manifest, sheet, source, entry)
        for entry, source in zip(entries, sources, strict=True)
    )


def _note(
    folder: Path, manifest: ShardManifest, sheet: LabelSheet, source: str, entry: Entry
) -> ShardNote:
    """Return the shard of whoever is meant in a source."""
    person = sheet.persons.get(entry.name)
    note = manifest.sources[source].longest(person)
    if note is not None and note.seen_ticks:
        return note
    there = ", ".join(sorted({own.person for own in manifest.sources[source].shards}))
    whom = "nobody" if person is None else f"no person {person}"
    msg = (
        f"{folder}: {whom} was seen in {source}, only {there or 'an empty picture'}; name "
        f"somebody else in the column person of {sheet.path}, or take its line out"
    )
    raise DatasetError(msg)


def _lacks(folder: Path, manifest: ShardManifest, sheet: LabelSheet, missing: list[str]) -> str:
    shown = ", ".join(missing[:SHOWN]) + (", ..." if missing[SHOWN:] else "")
    near = difflib.get_close_matches(missing[0], manifest.sources, n=1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    return (
        f"{folder}: it lacks {len(missing)} of the "
        f"{len(sheet.entries) + len(sheet.unlabelled)} interviews of "
        f"{sheet.path}: {shown}{meant}; `subface extract NAME=SOURCE... --out {folder}` adds them"
    )
