"""Labels as a Parquet file: a row a clip, each with everything that it can be traced by."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from engines.errors import ConfigError
from training.errors import DatasetError
from training.labelling.material import Material
from training.labelling.sample import WORTH_A_RERUN, Sample
from training.labelling.vote import count

SCHEMA: Final = "subface.labels/1"
UNREADABLE: Final = "unreadable"

_SAMPLE: Final = pa.struct(
    [
        ("number", pa.int32()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("label", pa.string()),
        ("confidence", pa.float64()),
        ("first_label", pa.string()),
        ("first_confidence", pa.float64()),
        ("reasoning", pa.string()),
        ("cues", pa.string()),
        ("reflection", pa.string()),
        ("counter_evidence", pa.string()),
        ("model_version", pa.string()),
        ("calls", pa.int32()),
        ("repairs", pa.int32()),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("cost_usd", pa.float64()),
        ("answered_at", pa.string()),
    ]
)
_ROW: Final = pa.schema(
    [
        ("clip", pa.string()),
        ("digest", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("label", pa.string()),
        ("soft", pa.list_(pa.float64())),
        ("votes", pa.list_(pa.int32())),
        ("confidence", pa.float64()),
        ("disagreement", pa.float64()),
        ("cost_usd", pa.float64()),
        ("transcript", pa.string()),
        ("face", pa.string()),
        ("frames_s", pa.list_(pa.float64())),
        ("video", pa.string()),
        ("samples", pa.list_(_SAMPLE)),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipLabel:
    """What became of one clip.

    Attributes:
        clip: Its name.
        digest: SHA-256 of its file; None if it could not be read.
        status: ``labelled``, ``tied``, ``unreadable``, or how its samples ended.
        reason: Why there is no label; empty where there is one.
        label: The class; None where there is none.
        soft: Votes as shares, in the order of the classes; None if nobody voted.
        votes: For each class.
        confidence: See ``Vote``.
        disagreement: See ``Vote``.
        cost_usd: What all its answers cost; None where no price is known.
        transcript: What was done to the words.
        face: What was done to faces.
        frames_s: Which frames were shown; none of a film.
        video: SHA-256 of the film that was shown; None where frames were.
        samples: Every judgement.
    """

    clip: str
    digest: str | None
    status: str
    reason: str
    label: str | None = None
    soft: tuple[float, ...] | None = None
    votes: tuple[int, ...] = ()
    confidence: float | None = None
    disagreement: float | None = None
    cost_usd: float | None = None
    transcript: str = ""
    face: str = ""
    frames_s: tuple[float, ...] = ()
    video: str | None = None
    samples: tuple[Sample, ...] = ()

    @property
    def worth_a_rerun(self) -> bool:
        """Whether the clip may come to more if it is tried again."""
        ended = {sample.outcome for sample in self.samples}
        return self.status == UNREADABLE or not ended.isdisjoint(WORTH_A_RERUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTable:
    """The labels of a run.

    Attributes:
        labels: The classes, in the order of ``soft`` and ``votes``.
        made_by: Teacher, prompts, purpose and versions.
        clips: In the order in which they were named.
    """

    labels: tuple[str, ...]
    made_by: Mapping[str, Any]
    clips: tuple[ClipLabel, ...]


def clip_label(material: Material, samples: Sequence[Sample], labels: Sequence[str]) -> ClipLabel:
    """Return what the samples on a clip come to."""
    vote = count(samples, labels)
    costs = [sample.cost_usd for sample in samples if sample.cost_usd is not None]
    status, reason = "labelled", ""
    if vote.label is None:
        status, reason = _without_label(samples, vote.soft is not None)
    return ClipLabel(
        clip=material.clip,
        digest=material.digest,
        status=status,
        reason=reason,
        label=vote.label,
        soft=vote.soft,
        votes=vote.votes,
        confidence=vote.confidence,
        disagreement=vote.disagreement,
        cost_usd=sum(costs) if costs else None,
        transcript=material.transcript,
        face=material.face,
        frames_s=tuple(picture.time_s for picture in material.pictures),
        video=None if material.video is None else material.video.digest,
        samples=tuple(samples),
    )


def unreadable(clip: str, error: Exception) -> ClipLabel:
    """Return what becomes of a clip that cannot be shown."""
    return ClipLabel(clip=clip, digest=None, status=UNREADABLE, reason=str(error))


def write_table(path: Path, table: LabelTable) -> None:
    """Write labels; the file is there whole or not at all.

    Raises:
        ConfigError: If it cannot be written.
    """
    about = {"schema": SCHEMA, "labels": list(table.labels), "made_by": dict(table.made_by)}
    rows = pa.Table.from_pylist([asdict(clip) for clip in table.clips], schema=_ROW)
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows.replace_schema_metadata({"subface": json.dumps(about)}), part)
        part.replace(path)
    except OSError as error:
        msg = f"--out {path}: cannot be written: {error}"
        raise ConfigError(msg) from error


def read_table(path: Path) -> LabelTable:
    """Read labels.

    Raises:
        DatasetError: If it is no file of labels.
    """
    try:
        rows = pq.read_table(path)
        about = json.loads((rows.schema.metadata or {})[b"subface"])
        if about["schema"] != SCHEMA:
            msg = f"{path}: expected {SCHEMA}, got {about['schema']}"
            raise DatasetError(msg)
        clips = tuple(_clip(row) for row in rows.to_pylist())
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        msg = f"{path}: it cannot be read as labels: {error}; `subface label` writes them"
        raise DatasetError(msg) from error
    return LabelTable(labels=tuple(about["labels"]), made_by=about["made_by"], clips=clips)


def _clip(row: dict[str, Any]) -> ClipLabel:
    samples = tuple(Sample(**sample) for sample in row.pop("samples"))
    lists = {
        item.name: None if row[item.name] is None else tuple(row[item.name])
        for item in fields(ClipLabel)
        if item.name in {"soft", "votes", "frames_s"}
    }
    return ClipLabel(**row | lists, samples=samples)


def _without_label(samples: Sequence[Sample], voted: bool) -> tuple[str, str]:  # noqa: FBT001
    if voted:
        return "tied", "as many votes, as sure, for two classes"
    ended = Counter(sample.outcome for sample in samples)
    told = Counter(f"{sample.outcome}: {sample.reason}" for sample in samples)
    reason = "; ".join(f"{times} of {len(samples)} {what}" for what, times in told.most_common())
    return ended.most_common(1)[0][0], reason
