import csv

import numpy as np
import pytest

from engines.sequence.checkpoint import Fed
from engines.spec.skeleton import POINTS
from engines.spec.tick import PersonTick
from engines.spec.timegrid import TimeGrid
from engines.spec.transcript import TextEvidence
from training.errors import DatasetError, SplitError
from training.extraction.manifest import (
    MadeBy,
    ShardManifest,
    ShardNote,
    SourceNote,
    check_whole,
    read_manifest,
    write_manifest,
)
from training.extraction.recording import Recording
from training.extraction.shard import Shard, read_shard, write_shard
from training.extraction.shards import ShardFolder
from training.imigue.cvpr21_videos import TEST, TRAIN
from training.imigue.labels import COLUMNS
from training.imigue.protocols import Cvpr21Split
from training.interview import Entry

GRID = TimeGrid(12.5)
ENTRY = Entry(name="clip", subject="7", label=0)
FED = {"keypoints": Fed(name="holistic", digest="a" * 64)}


def words(value, available_s):
    return TextEvidence(
        embedding=np.full(4, value, np.float32),
        words=1,
        start_s=0.0,
        end_s=available_s,
        available_s=available_s,
    )


def tick(place, *, seen=True, text=None, person="p1", epoch=0, shot=0, value=1.0, late_s=0.01):
    return PersonTick(
        source="clip",
        epoch=epoch,
        shot=shot,
        person_id=person,
        tick=place,
        time_s=place / 12.5 + late_s,
        keypoints=np.full((POINTS, 3), value, np.float32) if seen else None,
        appearance=np.full(5, value, np.float32) if seen else None,
        text=text,
    )


def shard(*ticks):
    return Shard.of(list(ticks), GRID)


def write_folder(folder, sources, *, fed=FED, delay_s=1.0):
    """Write shards as an extraction does: by source, the ticks of everybody in it."""
    folder.mkdir(exist_ok=True)
    manifest = ShardManifest(
        made_by=MadeBy(
            program="subface",
            profile="embedded",
            profile_sha256="b" * 64,
            subject="all",
            grid_hz=12.5,
            word_delay_s=delay_s,
            fed=fed,
            models={},
        )
    )
    for name, ticks in sources.items():
        recording = Recording(GRID)
        recording.take(tuple(ticks))
        notes = []
        for own in recording.shards():
            file = f"{name}.e{own.epoch}.{own.person}.npz"
            sha256, size = write_shard(folder / file, own.shard)
            notes.append(
                ShardNote(
                    file=file,
                    sha256=sha256,
                    size_bytes=size,
                    epoch=own.epoch,
                    person=own.person,
                    first_tick=own.first_tick,
                    ticks=len(own.shard.time_s),
                    seen_ticks=int(own.shard.seen.sum()),
                )
            )
        note = SourceNote(
            address=name, live=False, sha256=None, frames=1, dropped=0, shards=tuple(notes)
        )
        manifest = manifest.having(name, note)
    write_manifest(folder, manifest)
    return folder


@pytest.fixture
def write_labels(tmp_path):
    def write(*rows, columns=("name", "subject", "label")):
        path = tmp_path / "labels.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([columns, *rows])
        return path

    return write


def test_ticks_without_data_are_rows_outside_the_masks():
    made = shard(tick(10), tick(12, shot=1), tick(13, seen=False, shot=1), tick(16, shot=2))

    assert made.keypoints_valid.tolist() == [True, False, True, False, False, False, True]
    assert made.appearance_valid.tolist() == made.keypoints_valid.tolist()
    assert made.shot.tolist() == [0, 0, 1, 1, 1, 1, 2]
    assert made.time_s[:3] == pytest.approx([10 / 12.5 + 0.01, 11 / 12.5, 12 / 12.5 + 0.01])
    assert not made.keypoints[~made.keypoints_valid].any()
    assert len(made.interview(ENTRY, grid_hz=12.5)) == 7


def test_each_text_is_known_exactly_from_the_tick_on_that_it_was_stepped_on():
    first, second, late = words(1, 0.4), words(2, 0.85), words(3, 0.9)
    ticks = [
        *(tick(place, text=None) for place in range(5)),
        *(tick(place, text=first) for place in range(5, 11)),
        *(tick(place, text=second) for place in range(11, 15)),
        *(tick(place, text=late) for place in range(15, 18)),  # it came late, as live it may
    ]
    interview = shard(*ticks).interview(ENTRY, grid_hz=12.5)
    rows, valid = interview.text_as_of()

    assert interview.text_available_s.tolist() == [0.4, 0.85, ticks[15].time_s]
    assert valid.tolist() == [False] * 5 + [True] * 13
    assert rows[:, 0].tolist() == [0] * 5 + [1] * 6 + [2] * 4 + [3] * 3


def test_words_that_come_while_nobody_is_watched_are_stepped_when_somebody_is_again():
    told = words(1, 0.5)
    _, valid = shard(tick(0), tick(20, text=told)).interview(ENTRY, grid_hz=12.5).text_as_of()

    assert valid.tolist() == [False] * 20 + [True]


def test_who_was_never_seen_has_neither_look_nor_points():
    made = shard(tick(0, seen=False, text=words(1, 0.0)), tick(1, seen=False))

    assert made.appearance.shape == (2, 0)
    assert made.text.shape == (1, 4)
    assert not made.seen.any()


def test_a_shard_is_the_same_bytes_each_time_and_read_as_it_was(tmp_path):
    made = shard(tick(3, text=words(1, 0.1)), tick(5, value=2))
    digests = {write_shard(tmp_path / f"{n}.npz", made) for n in range(2)}
    ((sha256, size),) = digests
    again = read_shard(tmp_path / "0.npz", sha256=sha256, size_bytes=size)

    assert (tmp_path / "0.npz").read_bytes() == (tmp_path / "1.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.npz", "1.npz"]
    for name in ("time_s", "shot", "keypoints", "appearance", "text", "text_available_s"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
        assert getattr(again, name).dtype == getattr(made, name).dtype


def test_a_restarted_source_goes_on_with_new_epochs():
    recording = Recording(GRID)
    for _ in range(2):
        recording.begin()
        recording.take((tick(0), tick(0, person="p2")))
        recording.take((tick(4, epoch=1),))

    assert [(own.epoch, own.person, own.first_tick) for own in recording.shards()] == [
        (0, "p1", 0),
        (0, "p2", 0),
        (1, "p1", 4),
        (2, "p1", 0),
        (2, "p2", 0),
        (3, "p1", 4),
    ]


@pytest.fixture
def folder(tmp_path):
    """Two sources: one with a long and a short person, one that broke in two."""
    return write_folder(
        tmp_path / "shards",
        {
            "clip": [
                *(tick(place, value=1) for place in range(5)),
                *(tick(place, person="p2", value=2) for place in range(9)),
                *(tick(place, person="p2", seen=False) for place in range(9, 20)),
            ],
            "0047": [
                *(tick(place, value=3) for place in range(3)),
                *(tick(place, epoch=1, value=4) for place in range(3, 10)),
            ],
        },
    )


def test_labels_join_the_one_who_was_seen_longest(folder, write_labels):
    labels = write_labels(
        ("47", "anna", "positive", "f"),
        ("clip", "ben", "negative", "m"),
        columns=("name", "subject", "label", "gender"),
    )
    interviews = ShardFolder(folder, labels)

    assert interviews.labels == ("negative", "positive")
    assert [entry.label for entry in interviews.entries] == [1, 0]
    assert dict(interviews.entries[1].slices) == {"gender": "m"}
    assert (interviews.name, interviews.taught) == ("shards", "expressed_valence")
    assert (interviews.fed, interviews.word_delay_s) == (FED, 1.0)
    assert len(interviews) == 2
    assert interviews[0].keypoints[0, 0, 0] == 4  # the longer part of a recording that broke
    assert interviews[1].keypoints[0, 0, 0] == 2
    assert interviews[1].entry is interviews.entries[1]
    assert interviews[1].grid_hz == 12.5


def test_the_labels_may_name_who_is_meant(folder, write_labels):
    columns = ("name", "subject", "label", "person")
    interviews = ShardFolder(
        folder,
        write_labels(("clip", "b", "neutral", "p1"), ("0047", "a", "neutral", ""), columns=columns),
    )
    assert interviews[0].keypoints[0, 0, 0] == 1
    assert dict(interviews.entries[0].slices) == {}
    with pytest.raises(DatasetError, match=r"no person p7 was seen in clip, only p1, p2; name som"):
        ShardFolder(folder, write_labels(("clip", "b", "neutral", "p7"), columns=columns))


def test_interviews_without_a_label_come_after_the_others_where_they_are_asked_for(
    tmp_path, write_labels
):
    empty = tick(0, seen=False)
    sources = {"a": [tick(0)], "b": [tick(0)], "0047": [tick(0)], "nobody": [empty], "c": [tick(0)]}
    shards = write_folder(tmp_path / "more", sources)
    labels = write_labels(("c", "x", "neutral"), ("47", "y", ""))
    interviews = ShardFolder(shards, labels, unlabelled=True)
    assert [entry.name for entry in interviews.entries] == ["c", "47", "a", "b"]
    assert [entry.subject for entry in interviews.entries] == ["x", "y", "a", "b"]
    assert [entry.name for entry in interviews.labelled] == ["c"]
    assert interviews.labels == ("neutral",)
    assert interviews[3].entry.name == "b"
    assert interviews.films == {}
    with pytest.raises(DatasetError, match="47: label is empty; interviews without one are learn"):
        ShardFolder(shards, labels)
    assert len(ShardFolder(shards, write_labels(("c", "x", "neutral")))) == 1


def test_a_source_that_was_not_extracted_is_named_with_the_remedy(folder, write_labels):
    labels = write_labels(("clap", "b", "neutral"), ("clip", "b", "neutral"))
    with pytest.raises(
        DatasetError,
        match=r"lacks 1 of the 2 interviews .*: clap \(did you mean clip\?\); `subface extract",
    ):
        ShardFolder(folder, labels)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("clip", "b", "glad")], r"labels.csv:2: label: expected negative, neutral, positive, go"),
        ([("clip", "", "neutral")], "labels.csv:2: subject is empty"),
        ([("clip", "b")], "labels.csv:2: expected a value for each column"),
        ([("clip", "b", "neutral")] * 2, r"labels.csv:3: clip stands in .*labels.csv:2 already"),
        ([], "expected a line an interview, got none"),
    ],
)
def test_labels_that_say_too_little_are_refused_by_line(folder, write_labels, rows, reason):
    with pytest.raises(DatasetError, match=reason):
        ShardFolder(folder, write_labels(*rows))


def test_labels_without_a_subject_are_refused(folder, write_labels, tmp_path):
    with pytest.raises(DatasetError, match="no column subject; expected a csv with the columns na"):
        ShardFolder(folder, write_labels(("clip", "neutral"), columns=("name", "label")))
    with pytest.raises(DatasetError, match=r"none.csv: it cannot be read as labels"):
        ShardFolder(folder, tmp_path / "none.csv")


def test_classes_of_ones_own_keep_their_order(folder, write_labels):
    labels = write_labels(("clip", "b", "won"))
    assert ShardFolder(folder, labels, classes=("won", "lost")).labels == ("won", "lost")


def test_a_truncated_shard_is_refused_by_name_with_the_remedy(folder, write_labels):
    interviews = ShardFolder(folder, write_labels(("clip", "b", "neutral")))
    path = folder / "clip.e0.p2.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    with pytest.raises(
        DatasetError,
        match=r"clip.e0.p2.npz: it is cut off after 1,000 of [\d,]+ bytes; `subface extract` of",
    ):
        interviews[0]
    with pytest.raises(DatasetError, match=r"clip.e0.p2.npz: it is cut off"):
        check_whole(folder, read_manifest(folder).sources["clip"])


def test_a_changed_or_lost_shard_is_refused_by_name(folder, write_labels):
    interviews = ShardFolder(folder, write_labels(("clip", "b", "neutral")))
    path = folder / "clip.e0.p2.npz"
    content = bytearray(path.read_bytes())
    content[-300] ^= 1
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"p2.npz: it was changed: expected sha256 \w{12}\.\.\."):
        interviews[0]
    path.unlink()
    with pytest.raises(DatasetError, match=r"p2.npz: the shard cannot be read: No such file"):
        interviews[0]


def test_a_feature_that_is_no_number_is_refused_by_name(tmp_path, write_labels):
    spoilt = write_folder(tmp_path / "shards", {"clip": [tick(0), tick(1, value=np.nan)]})
    interviews = ShardFolder(spoilt, write_labels(("clip", "b", "neutral")))
    with pytest.raises(DatasetError, match=r"clip: keypoints: row 1 at \[0, 0\] is nan; expected"):
        interviews[0]


def test_a_folder_without_shards_says_what_makes_them(tmp_path, write_labels):
    with pytest.raises(DatasetError, match=r"shards.json: no shards here; `subface extract SOURC"):
        ShardFolder(tmp_path, write_labels(("clip", "b", "neutral")))
    (tmp_path / "shards.json").write_text('{"format": "subface.shards/1"')
    with pytest.raises(DatasetError, match=r"shards.json: the whole: .*; extract into an empty"):
        read_manifest(tmp_path)


@pytest.fixture(scope="module")
def imigue(tmp_path_factory):
    """A made-up folder of iMiGUE's videos, extracted, and labels in its layout."""
    folder = tmp_path_factory.mktemp("imigue")
    rows = []
    for first, videos in ((1, TRAIN), (38, TEST)):
        people = 37 if first == 1 else 35
        for place, video in enumerate(videos):
            outcome = "win" if place % 2 else "lose"
            row = [video, 1, "00:01", 25, "00:03", 75, 8, first + place % people, "female", "FI"]
            rows.append([*row, outcome])
    labels = folder / "labels.csv"
    with labels.open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    videos = {f"{row[0]:04d}": [tick(0, value=row[0]), tick(1)] for row in rows}
    return write_folder(folder / "shards", videos), labels


def test_videos_that_were_extracted_are_split_as_the_protocol_has_it(imigue):
    interviews = ShardFolder(*imigue)
    split = Cvpr21Split.of(interviews.entries)
    chosen = split.folds["test"][3]
    number = interviews.entries.index(chosen)

    assert (interviews.labels, interviews.taught) == (("negative", "positive"), "hidden_emotion")
    assert split.counts("train") == {0: 51, 1: 51}
    assert split.counts("test") == {0: 50, 1: 50}
    assert interviews[number].keypoints[0, 0, 0] == int(chosen.name) == TEST[3]
    assert interviews[number].appearance.shape == (2, 5)
    assert interviews[number].entry.slices["nationality"] == "FI"


def test_a_video_that_was_not_extracted_is_missed_when_it_is_needed(imigue, tmp_path):
    folder, labels = imigue
    manifest = read_manifest(folder)
    fewer = {name: note for name, note in manifest.sources.items() if name != f"{TRAIN[0]:04d}"}
    write_manifest(tmp_path, manifest.model_copy(update={"sources": fewer}))
    interviews = ShardFolder(tmp_path, labels)
    names = [entry.name for entry in interviews.entries]

    assert len(interviews) == 202
    with pytest.raises(DatasetError, match=rf"lacks 1 of the 202 interviews .*: {TRAIN[0]};"):
        interviews[names.index(str(TRAIN[0]))]


def test_labels_of_other_videos_than_those_extracted_are_refused_at_once(imigue, folder):
    with pytest.raises(DatasetError, match=r"lacks 20\d of the 202 interviews of"):
        ShardFolder(write_folder(folder / "other", {"clip": [tick(0)]}), imigue[1])


def test_a_subject_on_both_sides_of_the_protocol_is_refused_with_shards_too(imigue):
    interviews = ShardFolder(*imigue)
    entries = [
        Entry(name=entry.name, subject="1", label=entry.label)
        if entry.name == str(TEST[0])
        else entry
        for entry in interviews.entries
    ]
    with pytest.raises(SplitError, match="subject 1 lies in train and in test"):
        Cvpr21Split.of(entries)
