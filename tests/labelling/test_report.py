"""What labels are worth, by counts that are known, and the page that says so."""

import json
from html.parser import HTMLParser

import pytest
from teacher_server import CONFIRMED, answer, well

from training.commands.label_report import ReportOptions, report
from training.errors import DatasetError
from training.extraction.label_sheet import read_sheet
from training.labelling.sample import Sample
from training.labelling.table import ClipLabel, LabelTable, read_table, write_table
from training.labelling.vote import count
from training.labelling.worth import worth

LABELS = ("negative", "positive")


def clip(name, *votes, first=None, confidence=0.75):
    samples = tuple(
        Sample(
            number=number,
            outcome="labelled" if vote else "withdrawn",
            reason="" if vote else "nothing to see",
            label=vote,
            confidence=confidence if vote else None,
            first_label=first or vote,
            reflection="confirmed" if vote else "withdrawn",
        )
        for number, vote in enumerate(votes)
    )
    vote = count(samples, LABELS)
    return ClipLabel(
        clip=name,
        digest="0" * 64,
        status="labelled" if vote.label else "withdrawn",
        reason="" if vote.label else "withdrawn",
        label=vote.label,
        soft=vote.soft,
        votes=vote.votes,
        confidence=vote.confidence,
        disagreement=vote.disagreement,
        samples=samples,
    )


@pytest.fixture
def table():
    return LabelTable(
        labels=LABELS,
        made_by={"model": "<b>m</b>", "provider": "x"},
        clips=(
            clip("a", "negative", "negative", "negative"),
            clip("b", "positive", "positive", "negative"),
            clip("c", "positive", "positive", "positive", first="negative"),
            clip("d", "positive", "positive", "positive"),
            clip("e", None, None, None),
        ),
    )


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "gold.csv"
    path.write_text(
        "name,subject,label\na,1,negative\nb,2,positive\nc,3,negative\nd,4,positive\n"
        "e,5,negative\nother,6,positive\n"
    )
    return path


def test_a_table_comes_back_as_it_was_written(table, tmp_path):
    path = tmp_path / "labels.parquet"
    write_table(path, table)
    assert read_table(path) == table


def test_what_is_no_table_is_refused(tmp_path):
    path = tmp_path / "labels.parquet"
    for content in (b"", b"hello"):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match="cannot be read as labels"):
            read_table(path)
    with pytest.raises(DatasetError, match="cannot be read as labels"):
        read_table(tmp_path / "absent.parquet")


def test_coverage_and_agreement_are_counted(table):
    told = worth(table, None)
    assert told.statuses == {"labelled": 4, "withdrawn": 1}
    assert told.gold is None
    assert told.agreement.clips == 4
    assert told.agreement.pairs == pytest.approx((1 + 1 / 3 + 1 + 1) / 4)
    assert told.agreement.unanimous == 0.75
    assert told.agreement.reflections == {"confirmed": 12, "withdrawn": 3}


def test_gold_tells_how_often_labels_are_right(table, gold):
    told = worth(table, read_sheet(gold)).gold
    assert (told.clips, told.labelled, told.subjects) == (5, 4, 4)
    assert told.confusion.tolist() == [[1, 1], [0, 2]]
    assert told.metrics["accuracy"].value == 0.75
    assert told.metrics["balanced_accuracy"].value == 0.75
    for own in told.metrics.values():
        assert own.low <= own.value <= own.high
    assert told.confidence.ece == pytest.approx(0)
    assert told.before == pytest.approx((3 + 2 + 3 + 3) / 12)
    assert told.after == pytest.approx((3 + 2 + 0 + 3) / 12)


def test_gold_of_other_classes_or_clips_is_refused(table, tmp_path):
    path = tmp_path / "gold.csv"
    path.write_text("name,subject,label\na,1,neutral\nb,2,positive\n")
    with pytest.raises(DatasetError, match="neutral is no class of the labels"):
        worth(table, read_sheet(path))
    path.write_text("name,subject,label\nx,1,negative\ny,2,positive\n")
    with pytest.raises(DatasetError, match="none of its 2 clips is labelled"):
        worth(table, read_sheet(path))


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.tags = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.found += [value for name, value in attributes if name in {"src", "href"}]


def test_the_page_needs_nothing_beside_it_and_runs_nothing(
    teacher_server, clips, label, tmp_path, capsys
):
    server = teacher_server()
    nasty = CONFIRMED | {"counter_evidence": "<script>alert(1)</script>"}
    server.behave = lambda asked, times: (
        (200, answer(asked, json.dumps(nasty))) if asked.reflects else well(asked)
    )
    films = clips(3)
    label(films, server=server)
    gold = tmp_path / "gold.csv"
    gold.write_text("name,subject,label\nclip0,1,negative\nclip1,2,positive\n")
    capsys.readouterr()
    out = tmp_path / "report.html"
    report(
        ReportOptions(
            labels=tmp_path / "labels.parquet", gold=gold, clips=list(map(str, films)), out=out
        )
    )
    told = capsys.readouterr().out
    assert "labelled 3 of 3 clips" in told
    assert "accuracy 0.500" in told
    links = Links()
    links.feed(out.read_text())
    assert len(links.found) == 12
    assert all(link.startswith("data:image/jpeg;base64,") for link in links.found)
    assert "script" not in links.tags
    assert "&lt;script&gt;" in out.read_text()


def test_another_film_of_the_same_name_is_not_shown(teacher_server, clips, label, tmp_path):
    label(clips(1), server=teacher_server())
    options = ReportOptions(
        labels=tmp_path / "labels.parquet",
        gold=None,
        clips=[f"clip0={clips(2)[1]}"],
        out=tmp_path / "report.html",
    )
    with pytest.raises(DatasetError, match="its content differs"):
        report(options)
    assert not options.out.exists()


def test_a_page_for_labels_without_gold_says_that_nothing_is_known(table, tmp_path):
    path = tmp_path / "labels.parquet"
    write_table(path, table)
    out = tmp_path / "report.html"
    report(ReportOptions(labels=path, gold=None, clips=[], out=out))
    assert "how often the labels are right is not known" in out.read_text()
    assert "&lt;b&gt;m&lt;/b&gt;" in out.read_text()
