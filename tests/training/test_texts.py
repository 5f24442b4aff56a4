import numpy as np
import pytest

from engines.errors import ConfigError
from training.starter.texts import LabelledTexts, letters, read_texts


@pytest.fixture
def save(tmp_path):
    """Save lines as a .tsv file."""

    def write(*lines):
        path = tmp_path / "texts.tsv"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


@pytest.fixture
def texts():
    """300 texts of which the last hundred are the first in capitals, with a mark."""
    words = [f"text of the {name}" for name in map(spelt, range(200))]
    again = [f"{word.upper()}!" for word in words[:100]]
    return LabelledTexts((*words, *again), np.arange(300) % 3)


def spelt(number):
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def test_only_texts_with_exactly_one_valence_count(save):
    path = save(
        "bad\t1\ta", "both\t1,3\tb", "unclear\t0\tc", "so\t2\td", "0 or 3\t0,3\te", "ok\t3\tf"
    )
    read = read_texts(path)
    assert read.texts == ("bad", "so", "ok")
    assert read.labels.tolist() == [0, 1, 2]
    assert not read.labels.flags.writeable


def test_quotes_and_other_line_marks_are_part_of_a_text(save):
    read = read_texts(save('"so he said\t1\ta', "one\u2028line\t2\tb"))
    assert read.texts == ('"so he said', "one\u2028line")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no tab", r"texts\.tsv:2: expected text TAB label ids TAB comment id, got 1 columns"),
        ("text\t4\tid", r"texts\.tsv:2: label ids: expected 0 to 3, comma-joined, got '4'"),
        ("text\t\tid", r"texts\.tsv:2: label ids: expected 0 to 3, comma-joined, got ''"),
    ],
)
def test_a_file_of_something_else_is_refused_with_its_line(save, line, reason):
    with pytest.raises(ConfigError, match=reason):
        read_texts(save("fine\t3\ta", line))


def test_a_file_without_a_text_that_counts_is_refused(save):
    with pytest.raises(ConfigError, match="exactly one of the labels 1, 2, 3, got none"):
        read_texts(save("unclear\t0\ta"))


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_is_absent_or_no_text_is_refused(tmp_path, content):
    path = tmp_path / "texts.tsv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="expected lines of text TAB label ids TAB comment id"):
        read_texts(path)


def test_copies_come_to_lie_on_the_same_side(texts):
    chosen = texts.in_slice()
    assert 10 < chosen.sum() < 60
    assert (chosen[:100] == chosen[200:]).all()


def test_the_slice_is_the_same_in_any_order(texts):
    order = np.random.default_rng(1).permutation(300)
    again = LabelledTexts(tuple(texts.texts[row] for row in order), texts.labels[order])
    assert (again.in_slice() == texts.in_slice()[order]).all()


def test_what_another_file_has_too_is_found_in_any_case(texts):
    known = texts.where(np.arange(300) < 30)
    found = texts.among(known)
    assert np.flatnonzero(found).tolist() == [*range(30), *range(200, 230)]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("I don't KNOW!!", "i dont know"),
        ("It\u2019s 3:0, really\U0001f600 ok", "its really ok"),
        ("[NAME]-like  caf\u00e9", "name like caf\u00e9"),
        ("\U0001f600 100 %", ""),
    ],
)
def test_letters_are_what_a_recogniser_might_write(text, left):
    assert letters(text) == left


def test_stripping_leaves_the_labels(texts):
    stripped = texts.stripped()
    assert stripped.texts[200] == texts.texts[0]
    assert (stripped.labels == texts.labels).all()
