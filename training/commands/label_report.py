"""The report verb of labels: what they are worth, as one page."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engines.errors import ConfigError
from stream.source.address import parse_sources
from training.errors import DatasetError
from training.extraction.label_sheet import read_sheet
from training.labelling.frames import sample_frames
from training.labelling.page import examples, render_page
from training.labelling.question import Picture
from training.labelling.showing import file_digest
from training.labelling.table import LabelTable, read_table
from training.labelling.worth import Worth, worth

FRAMES: Final = 4
SIDE_PX: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """The arguments of ``subface label report``."""

    labels: Path
    gold: Path | None
    clips: Sequence[str]
    out: Path


def report(options: ReportOptions) -> None:
    """Write the page, and say the most of it in a few lines.

    Raises:
        DatasetError: If a file cannot be read, or a clip is not the one that was labelled.
        ConfigError: If the page cannot be written.
    """
    table = read_table(options.labels)
    sheet = None if options.gold is None else read_sheet(options.gold)
    told = worth(table, sheet)
    gold = (
        {} if sheet is None else {entry.name: sheet.labels[entry.label] for entry in sheet.entries}
    )
    page = render_page(table, told, examples(table, gold, _pictures(table, options.clips)))
    try:
        options.out.write_text(page, encoding="utf-8")
    except OSError as error:
        msg = f"--out {options.out}: cannot be written: {error.strerror}"
        raise ConfigError(msg) from error
    sys.stdout.write(_summary(table, told))


def _pictures(table: LabelTable, clips: Sequence[str]) -> dict[str, tuple[Picture, ...]]:
    """Return frames of clips; of those whose faces were hidden from the teacher none are shown."""
    labelled = {clip.clip: clip for clip in table.clips}
    pictures = {}
    for spec in parse_sources(clips) if clips else []:
        path, own = Path(spec.url), labelled.get(spec.name)
        if own is None or own.face == "blurred":
            continue
        if own.digest not in {None, file_digest(path)}:
            msg = f"{path}: not the film that was labelled as {spec.name}: its content differs"
            raise DatasetError(msg)
        pictures[spec.name] = sample_frames(path, count=FRAMES, side_px=SIDE_PX).pictures
    return pictures


def _summary(table: LabelTable, told: Worth) -> str:
    labelled = told.statuses.get("labelled", 0)
    lines = [f"labelled {labelled} of {len(table.clips)} clips"]
    if told.agreement.pairs is not None:
        lines.append(f"pairs of votes that agree {told.agreement.pairs:.3f}")
    if told.gold is not None:
        lines += [
            f"{name} {own.value:.3f} ({own.low:.3f} to {own.high:.3f}), n {told.gold.labelled}"
            for name, own in told.gold.metrics.items()
        ]
        lines.append(f"ece of its confidence {told.gold.confidence.ece:.3f}")
    return "".join(f"{line}\n" for line in lines)
