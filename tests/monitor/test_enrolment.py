"""Whom the monitor reads when it is given a picture of the person."""

import av
import cv2
import pytest

from stream.cli import main


@pytest.fixture
def portrait(tmp_path, media):
    """The first picture of a speaker, as a file."""

    def save(speaker):
        path = tmp_path / f"{speaker}.png"
        with av.open(media / f"grid/{speaker}.mpg") as clip:
            assert cv2.imwrite(str(path), next(clip.decode(video=0)).to_ndarray(format="bgr24"))
        return path

    return save


def test_of_six_speakers_only_the_one_in_the_picture_is_read(run_monitor, joined_grid, portrait):
    run = run_monitor(joined_grid.path, "--enrol", portrait("lbax4n"))

    assert run.code == 0
    assert {reading["person_id"] for reading in run.readings} == {None, "subject"}
    read = [r["window"]["end_s"] for r in run.readings if r["surface"] is not None]
    assert read
    assert all(6 <= end_s <= 11.5 for end_s in read)  # the third, and his 2 s of grace


@pytest.mark.parametrize("picture", ["absent.png", "multi_face.jpg", "SOURCES.md"])
def test_a_picture_that_will_not_do_ends_in_one_line(run_monitor, media, capsys, picture):
    path = media / "faces" / picture if picture.endswith("jpg") else media / picture
    run = run_monitor(media / "grid/bbaf2n.mpg", "--enrol", path)

    assert run.code == 2
    assert not run.records
    errors = capsys.readouterr().err.strip()
    assert "\n" not in errors
    assert f"enrolment picture {path}" in errors


def test_check_looks_at_the_picture_too(capfd, store, media):
    picture = f"reading.enrol={media / 'faces/multi_face.jpg'}"
    assert main(["check", "--set", picture, "--mqtt", "off"]) == 2
    assert "expected one face, found 5 faces" in " ".join(capfd.readouterr().err.split())
