"""`subface evaluate starter` as a user runs it, on small files cut from the shared data."""

import json

import numpy as np
import pytest

from stream.cli import main

FIGURES = {"accuracy", "auc", "ece"}


@pytest.fixture(scope="module")
def data(media):
    return media.parent / "data"


@pytest.fixture(scope="module")
def arrays(data):
    """The first 150 pictures of the training file."""
    with np.load(data / "fer2013_train.npz") as file:
        return {"images": file["images"][:150], "labels": file["labels"][:150]}


@pytest.fixture
def faces(arrays, tmp_path):
    """Save pictures with their labels, all of them or some."""

    def save(name="faces.npz", kept=slice(None)):
        np.savez(tmp_path / name, **{key: array[kept] for key, array in arrays.items()})
        return tmp_path / name

    return save


@pytest.fixture
def texts(data, tmp_path):
    """The first 80 comments of the training file."""
    with (data / "goemotions/group_train.tsv").open(encoding="utf-8") as file:
        lines = [line for line, _ in zip(file, range(80), strict=False)]
    path = tmp_path / "texts.tsv"
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def evaluate(store, tmp_path):
    """Run the verb; what it writes, where it succeeds."""

    def run(*options):
        out = tmp_path / "scores.json"
        code = main(["evaluate", "starter", *map(str, options), "--json", str(out)])
        return code, json.loads(out.read_text()) if out.is_file() else None

    return run


def test_faces_and_texts_are_scored_with_counts_and_intervals(evaluate, faces, texts, capsys):
    code, scores = evaluate("--faces", faces(), "--texts", texts)
    assert code == 0
    assert set(scores) == {"faces", "texts"}
    for some in scores.values():
        assert set(some) == FIGURES
        for score in some.values():
            assert set(score) == {"value", "n", "low", "high"}
            assert 0 <= score["low"] <= score["value"] <= score["high"] <= 1
    assert scores["faces"]["accuracy"]["n"] == 150
    assert 30 < scores["texts"]["auc"]["n"] < scores["texts"]["ece"]["n"] < 80
    assert scores["faces"]["accuracy"]["value"] > 0.6  # it was trained on most of these
    shown = capsys.readouterr().out
    assert f"{scores['texts']['auc']['value']:.4f}" in shown
    assert shown.count("faces") == shown.count("texts") == 3


def test_what_another_file_has_too_is_left_out(evaluate, faces):
    known = faces("known.npz", slice(0, 100))
    code, scores = evaluate("--faces", faces(), "--without", known)
    assert code == 0
    assert scores["faces"]["accuracy"]["n"] == 50


def test_a_file_of_one_class_has_no_auc_and_the_rest(evaluate, faces, arrays):
    code, scores = evaluate("--faces", faces(kept=arrays["labels"] == 3))
    assert code == 0
    assert scores["faces"]["auc"]["value"] is None
    assert scores["faces"]["ece"]["value"] is not None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "nothing to score: give --faces FILE.npz, --texts FILE.tsv, or both"),
        (["--texts", "no.tsv"], "no.tsv: expected lines of text TAB label ids TAB comment id"),
        (["--faces", "no.npz"], "no.npz: expected an npz file with images and labels"),
        (["--texts", "x.tsv", "--without", "y.npz"], "--without leaves faces out"),
    ],
)
def test_what_cannot_be_scored_is_said_in_one_line(evaluate, capsys, options, said):
    code, scores = evaluate(*options)
    assert (code, scores) == (2, None)
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_files_of_another_form_are_refused(evaluate, faces, texts, tmp_path, capsys):
    code, _ = evaluate("--faces", texts)
    assert code == 2
    np.savez(tmp_path / "wide.npz", images=np.zeros((2, 64, 64), np.uint8), labels=np.zeros(2, int))
    code, _ = evaluate("--faces", tmp_path / "wide.npz")
    assert code == 2
    (tmp_path / "two.tsv").write_text("a text\t1\n")
    code, _ = evaluate("--texts", tmp_path / "two.tsv")
    assert code == 2
    code, _ = evaluate("--faces", faces(), "--without", faces("same.npz"))
    assert code == 2
    told = capsys.readouterr().err
    assert "expected uint8 [N, 48, 48], got uint8[2, 64, 64]" in told
    assert "two.tsv:1: expected text TAB label ids TAB comment id, got 2 columns" in told
    assert "of which none is left" in told
