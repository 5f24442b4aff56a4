import numpy as np
import pytest
from filelock import FileLock

from engines.errors import ConfigError
from engines.spec.skeleton import POINTS
from engines.spec.tick import PersonTick
from engines.spec.timegrid import TimeGrid
from stream.profile import load_profile
from stream.source.address import parse_sources
from training.errors import DatasetError
from training.extraction.folder import LOCK, ExtractionFolder, writing
from training.extraction.made_by import differences, made_by
from training.extraction.manifest import MANIFEST, MadeBy, read_manifest
from training.extraction.recording import Recording

MADE = MadeBy(
    program="subface",
    profile="embedded",
    profile_sha256="b" * 64,
    subject="main",
    grid_hz=12.5,
    word_delay_s=1.0,
    fed={},
    models={},
)


def recorded(*persons, value=1.0):
    recording = Recording(TimeGrid(12.5))
    for person in persons:
        recording.take(
            tuple(
                PersonTick(
                    source="clip",
                    epoch=0,
                    shot=0,
                    person_id=person,
                    tick=place,
                    time_s=place / 12.5,
                    keypoints=np.full((POINTS, 3), value, np.float32),
                )
                for place in range(4)
            )
        )
    return recording.shards()


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"a film")
    return path


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def spec_of(address):
    (spec,) = parse_sources([str(address)])
    return spec


def write(out, spec, *persons, value=1.0, transcript=None):
    folder = ExtractionFolder(out, MADE, transcript)
    return folder.write(spec, recorded(*persons, value=value), frames=4, dropped=0)


def test_a_source_is_there_once_its_shards_are_written(out, clip):
    spec = spec_of(clip)
    assert not ExtractionFolder(out, MADE).has(spec)
    note = write(out, spec, "p1", "p2")

    assert ExtractionFolder(out, MADE).has(spec)
    assert [own.file for own in note.shards] == ["clip.e0.p1.npz", "clip.e0.p2.npz"]
    assert [(own.ticks, own.seen_ticks, own.first_tick) for own in note.shards] == [(4, 4, 0)] * 2
    assert read_manifest(out).sources == {"clip": note}
    assert sorted(path.name for path in out.iterdir()) == [
        "clip.e0.p1.npz",
        "clip.e0.p2.npz",
        "shards.json",
    ]


def test_another_file_of_that_name_is_another_source_and_leaves_nothing_behind(out, clip):
    write(out, spec_of(clip), "p1", "p2")
    clip.write_bytes(b"another film")
    assert not ExtractionFolder(out, MADE).has(spec_of(clip))
    write(out, spec_of(clip), "p1")

    assert sorted(path.name for path in out.glob("*.npz")) == ["clip.e0.p1.npz"]


def test_other_words_make_it_another_source(out, clip, tmp_path):
    words = tmp_path / "words.vtt"
    words.write_text("one")
    write(out, spec_of(clip), "p1", transcript=words)

    assert ExtractionFolder(out, MADE, words).has(spec_of(clip))
    words.write_text("two")
    assert not ExtractionFolder(out, MADE, words).has(spec_of(clip))


def test_a_truncated_shard_is_told_by_name(out, clip):
    write(out, spec_of(clip), "p1")
    shard = out / "clip.e0.p1.npz"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(DatasetError, match=r"clip.e0.p1.npz: it is cut off after [\d,]+ of"):
        ExtractionFolder(out, MADE).has(spec_of(clip))


def test_a_recording_is_never_written_over(out):
    live = spec_of("lavfi:testsrc")
    write(out, live, "p1")
    with pytest.raises(
        ConfigError, match=r"pattern: .* a recording of that name, which is kept; .*NAME=lavfi:test"
    ):
        ExtractionFolder(out, MADE).has(live)


def test_one_folder_is_made_in_one_way(out, clip):
    write(out, spec_of(clip), "p1")
    other = MADE.model_copy(update={"grid_hz": 25.0, "models": {"face-mesh": "c" * 64}})
    with pytest.raises(
        DatasetError,
        match=r"its shards were made otherwise .*\(grid_hz, models.face-mesh\); name another --out",
    ):
        ExtractionFolder(out, other)


def test_features_that_are_no_numbers_are_not_written(out, clip):
    with pytest.raises(DatasetError, match=r"clip, p1: keypoints: row 0 at \[0, 0\] is nan"):
        write(out, spec_of(clip), "p1", value=np.nan)
    assert not list(out.iterdir())


def test_a_folder_that_cannot_be_made_or_is_held_is_told(out):
    (out / "file").write_text("")
    with (
        pytest.raises(ConfigError, match=r"--out .*file/in: cannot be written: Not a directory"),
        writing(out / "file/in"),
    ):
        pass
    with (
        FileLock(out / LOCK),
        pytest.raises(ConfigError, match="another extraction writes there"),
        writing(out),
    ):
        pass
    with writing(out / "new"):
        assert (out / "new").is_dir()
        assert not (out / "new" / MANIFEST).exists()


def test_where_readings_go_makes_no_other_features(store):
    made = made_by(load_profile("embedded"), store)

    assert not differences(
        made, made_by(load_profile("embedded", ["mqtt.url=off", "reading.hop_s=1"]), store)
    )
    assert "profile_sha256, fed.keypoints, models.hand-landmark-full" in differences(
        made, made_by(load_profile("embedded", ["perception.keypoints.model=null"]), store)
    )
    assert set(made.fed) == {"image", "keypoints", "text"}
    assert "whisper-base" in made.models


def test_an_enrolment_picture_counts_by_its_content(store, tmp_path, media):
    names = []
    for name in ("one.png", "two.png"):
        (tmp_path / name).write_bytes((media / "faces/astronaut.png").read_bytes())
        names.append(made_by(load_profile("embedded", [f"reading.enrol={tmp_path / name}"]), store))
    (tmp_path / "two.png").write_bytes((media / "faces/multi_face.jpg").read_bytes())
    other = made_by(load_profile("embedded", [f"reading.enrol={tmp_path / 'two.png'}"]), store)

    assert names[0] == names[1]
    assert differences(names[1], other) == "profile_sha256"
