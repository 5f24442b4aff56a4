"""`subface run --captions`: what is said, beside what is seen."""

from functools import partial

import pytest


@pytest.fixture
def run_monitor(run_monitor):
    """The whole monitor, ears included."""
    return partial(run_monitor, hears=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--captions", "out.srt"], "captions are written as .vtt, got .srt"),
        (["--captions", "absent/out.vtt"], "--captions absent/out.vtt: cannot be written"),
        (["--captions", "out.vtt", "--set", "speech.model=null"], "nobody listens"),
        (["--captions", "out.vtt", "--set", "source.sound=false"], "nobody listens"),
    ],
)
def test_captions_that_cannot_be_are_one_line_and_exit_2(
    run_monitor, media, monkeypatch, tmp_path, capsys, arguments, message
):
    monkeypatch.chdir(tmp_path)
    run = run_monitor(media / "grid/bbaf2n.mpg", *arguments)
    assert run.code == 2
    assert not run.records
    assert message in capsys.readouterr().err


def test_several_sources_get_captions_each(run_monitor, media, tmp_path):
    clips = {"left": "bbaf2n.mpg", "right": "brbk7n.mpg"}
    sources = [f"{name}={media / 'grid' / clip}" for name, clip in clips.items()]
    run = run_monitor(*sources, "--captions", tmp_path / "out.vtt")
    assert run.code == 0
    for name in clips:
        head = (tmp_path / f"out.{name}.vtt").read_text().split("\n\n")[:2]
        assert head[0] == "WEBVTT"
        assert f" from {name}." in head[1]
    edges = [count["edge"] for count in run.summary["deliveries"]]
    assert edges == ["jsonl", "out.left.vtt", "out.right.vtt"]
