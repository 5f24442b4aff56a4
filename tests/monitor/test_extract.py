"""`subface extract`: files and streams in, shards out, through the pipeline that watches live."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from stream.cli import main
from training.extraction.manifest import MANIFEST, read_manifest
from training.extraction.shard import read_shard

UNHEARD = ("--set", "speech.model=null")
FACES_ALONE = (*UNHEARD, "--set", "perception.keypoints.model=null")
FPS = 2.5  # as many as a busy machine can look at while a stream of them runs


@pytest.fixture(scope="session")
def clip(media, need_tool, tmp_path_factory):
    """Ten pictures of a face, of which a stream begins with the first for whoever comes to it."""
    path = tmp_path_factory.mktemp("extract") / "clip.mp4"
    command = [
        *(need_tool("ffmpeg"), "-hide_banner", "-loglevel", "error"),
        *("-ss", "13", "-t", "4", "-i", str(media / "faces/WolfgangLanger_Pexels.mp4"), "-an"),
        *("-vf", f"fps={FPS},scale=320:180", "-c:v", "libx264", "-threads", "1"),
        *("-preset", "veryfast", "-crf", "18", "-g", "1000", "-bf", "0", str(path)),
    ]
    subprocess.run(command, check=True, timeout=60)
    return path


@pytest.fixture(scope="session")
def words(tmp_path_factory):
    path = tmp_path_factory.mktemp("extract") / "words.vtt"
    path.write_text("WEBVTT\n\n00:00.500 --> 00:01.100\nwe played so well\n")
    return path


def extract(*arguments):
    return main(["extract", *map(str, arguments)])


@pytest.fixture(scope="session")
def film(clip, words, store, tmp_path_factory):
    """The folder with the shards of the clip and its words."""
    folder = tmp_path_factory.mktemp("extract") / "film"
    assert extract(clip, "--set", f"speech.transcript={words}", "--out", folder) == 0
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}


def written(path):
    return path.stat().st_ino, path.stat().st_mtime_ns


def shard_of(folder, source):
    note = read_manifest(folder).sources[source].longest()
    return read_shard(folder / note.file, sha256=note.sha256, size_bytes=note.size_bytes)


def test_a_shard_has_what_was_seen_and_said_on_each_tick(film):
    shard, manifest = shard_of(film, "clip"), read_manifest(film)

    assert sorted(contents(film)) == ["clip.e0.p1.npz", MANIFEST]
    assert shard.keypoints_valid.sum() == shard.appearance_valid.sum() == 10
    assert np.diff(shard.time_s[shard.seen]) == pytest.approx(1 / FPS)
    assert shard.appearance.shape == (len(shard.time_s), 160)
    assert shard.text.shape == (1, 384)
    assert 1.1 <= shard.text_available_s[0] <= 2.4
    assert {name: own.name for name, own in manifest.made_by.fed.items()} == {
        "image": "starter-face",
        "keypoints": "holistic",
        "text": "minilm-l6",
    }
    assert manifest.sources["clip"].frames == 10


def test_extracted_again_it_is_the_same_to_the_byte(film, clip, words, tmp_path, capfd):
    assert extract(clip, "--set", f"speech.transcript={words}", "--out", tmp_path) == 0

    assert contents(tmp_path) == contents(film)
    assert capfd.readouterr().out == ""


@pytest.mark.network
@pytest.mark.slow
def test_a_stream_of_a_file_gives_the_features_of_the_file(film, clip, rtsp_server, tmp_path):
    url = rtsp_server(clip, silent=True).url
    assert extract(f"clip={url}", *UNHEARD, "--for", 7, "--out", tmp_path) == 0
    file, live = shard_of(film, "clip"), shard_of(tmp_path, "clip")
    source = read_manifest(tmp_path).sources["clip"]
    # The stream goes on from the end of the film with its beginning; its clock may begin elsewhere.
    seen = np.flatnonzero(file.seen), np.flatnonzero(live.seen)[: file.seen.sum()]
    offsets_s = live.time_s[seen[1]] - file.time_s[seen[0]]

    assert (source.live, source.sha256, source.dropped) == (True, None, 0)
    assert source.frames >= len(seen[0]) == 10
    assert np.ptp(offsets_s) < 1e-6
    assert file.keypoints[seen[0]].any()
    for name in ("keypoints", "appearance"):
        np.testing.assert_allclose(
            getattr(live, name)[seen[1]], getattr(file, name)[seen[0]], rtol=1e-5, atol=1e-5
        )


def test_everybody_in_a_picture_has_a_shard(media, store, tmp_path):
    picture = media / "faces/multi_face.jpg"
    assert extract(picture, "--subject", "all", *FACES_ALONE, "--out", tmp_path) == 0
    note = read_manifest(tmp_path).sources["multi_face"]

    assert len(note.shards) == 5
    assert {(own.ticks, own.seen_ticks) for own in note.shards} == {(1, 1)}
    assert read_manifest(tmp_path).made_by.subject == "all"


def test_a_shard_that_was_cut_off_is_made_anew_and_the_rest_left_alone(
    clip, media, store, tmp_path, capfd
):
    given = [clip, media / "faces/astronaut.png", *FACES_ALONE, "--out", tmp_path]
    assert extract(*given) == 0
    whole, kept = contents(tmp_path), written(tmp_path / "astronaut.e0.p1.npz")
    cut = tmp_path / "clip.e0.p1.npz"
    cut.write_bytes(cut.read_bytes()[:999])
    capfd.readouterr()
    assert extract(*given) == 0
    said = " ".join(capfd.readouterr().err.split())

    assert contents(tmp_path) == whole
    assert written(tmp_path / "astronaut.e0.p1.npz") == kept
    assert "clip.e0.p1.npz: it is cut off after 999 of" in said
    assert "astronaut: there already" in said
    assert "clip: ticks seen: p1 10 of" in said


class Extracting:
    """`subface extract` in a process of its own, ended while it is at its second source."""

    def __init__(self, folder, *arguments):
        command = [sys.executable, "-m", "stream.cli", "extract", *map(str, arguments)]
        self.process = subprocess.Popen([*command, "--out", str(folder)])
        deadline = time.monotonic() + 60
        while not (folder / MANIFEST).exists() and self.process.poll() is None:
            assert time.monotonic() < deadline, "the first source was not done in time"
            time.sleep(0.05)

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@pytest.fixture
def extracting(clip, media, tmp_path):
    """An extraction whose first source is done, and that is at its second."""
    long = media / "faces/one-by-one-person-detection.mp4"
    running = Extracting(tmp_path, clip, f"second={long}", *FACES_ALONE)
    yield running
    running.process.kill()
    running.process.wait()


@pytest.mark.slow
def test_an_extraction_that_was_killed_goes_on_where_it_was(extracting, clip, store, tmp_path):
    first = tmp_path / "clip.e0.p1.npz"
    assert extracting.end(signal.SIGKILL) == -signal.SIGKILL
    before = written(first)
    assert list(read_manifest(tmp_path).sources) == ["clip"]
    assert extract(clip, f"second={clip}", *FACES_ALONE, "--out", tmp_path) == 0

    assert list(read_manifest(tmp_path).sources) == ["clip", "second"]
    assert written(first) == before
    assert (tmp_path / "second.e0.p1.npz").read_bytes() == first.read_bytes()


def test_of_a_file_that_was_not_read_to_its_end_nothing_is_kept(extracting, store, tmp_path):
    assert extracting.end(signal.SIGINT) == 130
    assert sorted(contents(tmp_path)) == ["clip.e0.p1.npz", MANIFEST]
    assert list(read_manifest(tmp_path).sources) == ["clip"]


@pytest.mark.parametrize(
    ("sources", "code", "reason"),
    [
        (["{clip}", "lavfi:testsrc"], 2, "pattern: a live source beside files"),
        (["{clip}", "none.mp4"], 3, "none.mp4: no such file"),
        (["{clip}", "clip={clip}", "clip={clip}"], 2, "source name 'clip' is given twice"),
    ],
)
def test_what_cannot_be_extracted_is_one_line(clip, store, tmp_path, capfd, sources, code, reason):
    given = [word.format(clip=clip) for word in sources]
    assert extract(*given, "--out", tmp_path / "out") == code
    (line,) = capfd.readouterr().err.splitlines()

    assert reason in line
    assert not (tmp_path / "out").exists()
