import csv
import io
import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from configs import shipped
from stream.bench.baseline import compare
from stream.bench.charts import axis, decades
from stream.bench.csv_rows import to_csv
from stream.bench.markdown import to_markdown
from stream.bench.page import to_page
from stream.bench.report import json_schema, to_json
from stream.bench.sections import sections
from stream.bench.terminal import show
from stream.commands.schema import schema_text

VOID = {"meta"}


class Page(HTMLParser):
    """A page read strictly: what is opened must be closed."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.text, self.elements = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def of(self, tag, **attributes):
        return [a for t, a in self.elements if t == tag and attributes.items() <= a.items()]


def test_the_shipped_schema_is_that_of_the_code():
    published = shipped("subface.bench-1.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(bench=True)
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


@pytest.fixture
def page(benches):
    report = benches.report()
    return Page(to_page(report, sections(report)))


def test_the_json_is_as_its_schema_says(benches):
    document = json.loads(to_json(benches.report()))
    jsonschema.Draft202012Validator(json_schema()).validate(document)
    assert document["schema"] == "subface.bench/1"


def test_the_page_is_whole_and_asks_for_nothing_else(page):
    assert page.open == []
    assert not page.of("script")
    assert not page.of("link")
    assert not page.of("img")
    named = [a for _, a in page.elements for name in a if name in {"src", "href", "xlink:href"}]
    assert named == []
    assert "url(" not in "".join(page.text)


def test_the_page_shows_a_bar_for_each_part_of_each_reading(page):
    assert len(page.of("svg")) == 5
    (items,) = [a for a in page.of("svg") if a["aria-label"].startswith("Each reading")]
    assert items["role"] == "img"
    assert len(page.of("rect", **{"class": "wait"})) == 30
    assert len(page.of("rect", **{"class": "publish"})) == 30
    text = "".join(page.text)
    assert "demo-1 0: queue 11.0 + compute 20.8 = total 31.8 ms" in text


def test_the_heights_of_a_bar_add_up_to_its_total(page):
    heights = [
        [float(a["height"]) for a in page.of("rect", **{"class": part})][-30:]
        for part in ("wait", "look", "hold", "step", "publish")
    ]
    totals = [sum(bar) for bar in zip(*(heights[n] for n in (0, 2, 3, 4)), strict=True)]
    assert totals == sorted(totals)  # each reading of the sample waited longer than the one before


def test_names_are_shown_and_not_read_as_markup(page):
    assert "yolo & <co>" in "".join(page.text)


def test_what_was_not_measured_is_said_and_never_0(page):
    text = " ".join(page.text)
    assert "not available: no card" in text


@pytest.fixture
def browser(need_tool, tmp_path):
    """Shows a file, and returns the page as it then is and what the browser had to say of it."""

    def browser(path):
        command = [
            need_tool("chromium"),
            *("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=10000"),
            *("--dump-dom", path.as_uri()),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    return browser


def test_a_browser_shows_the_page_without_a_word_in_its_log(benches, tmp_path, browser):
    report = benches.report()
    path = tmp_path / "bench.html"
    path.write_text(to_page(report, sections(report)), encoding="utf-8")
    dom, said = browser(path)
    assert said == []
    shown = Page(dom)
    assert len(shown.of("svg")) == 5
    assert len(shown.of("rect")) == len(Page(path.read_text()).of("rect"))


MEASURED_IN_A_BROWSER = """<!doctype html><meta charset="utf-8"><pre id="told"></pre><script>
const frame = document.createElement("iframe");
frame.width = 380; frame.height = 800; frame.srcdoc = %s;
frame.onload = () => {
  const page = frame.contentDocument, root = page.documentElement;
  const figures = [...page.querySelectorAll("td.figure")];
  const labels = [...page.querySelectorAll("svg")].flatMap(svg => {
    const boxes = [...svg.querySelectorAll("text")].map(text => text.getBoundingClientRect());
    return boxes.flatMap((a, i) => boxes.slice(i + 1).filter(b =>
      a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom));
  });
  document.querySelector("#told").textContent = JSON.stringify({
    wider: root.scrollWidth - root.clientWidth, figures: figures.length,
    overlapping: labels.length, broken: figures.filter(cell => {
      const range = page.createRange(); range.selectNodeContents(cell);
      return range.getClientRects().length > 1;
    }).length,
    text_px: Math.min(...[...page.querySelectorAll("svg text")].map(text =>
      text.getBoundingClientRect().height)),
  });
};
document.body.append(frame);
</script>"""


def test_on_a_phone_the_page_is_no_wider_and_its_charts_can_be_read(benches, tmp_path, browser):
    report = benches.report()
    text = json.dumps(to_page(report, sections(report))).replace("</", "<\\/")
    path = tmp_path / "phone.html"
    path.write_text(MEASURED_IN_A_BROWSER % text, encoding="utf-8")
    dom, said = browser(path)
    told = json.loads(re.search('<pre id="told">(.*?)</pre>', dom, re.DOTALL).group(1))
    assert said == []
    assert told["figures"] > 100
    assert (told["wider"], told["overlapping"], told["broken"]) == (0, 0, 0)
    assert told["text_px"] > 8


def test_a_report_without_glass_and_full_speed_has_a_page_too(benches):
    report = benches.report(glass=None, fast=None, capacity=None)
    page = Page(to_page(report, sections(report)))
    assert len(page.of("svg")) == 3
    assert "not measured: it has its own pace" in "".join(page.text)


def test_what_got_worse_stands_out(benches):
    before, now = benches.report(), benches.report(live=benches.trial(detector_ms=20.0))
    comparison = compare(before, now, Path("before.json"))
    tables = sections(now, comparison)
    assert tables[-1].title == "Against before.json"
    assert len(Page(to_page(now, tables)).of("tr", **{"class": "worse"})) == 2
    assert to_markdown(tables).count("| WORSE |") == 2


def test_every_row_of_markdown_has_as_many_cells_as_its_head(benches):
    report = benches.report()
    text = to_markdown(sections(report))
    widths = []
    for block in text.split("\n## "):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        cells = {len(re.split(r"(?<!\\)\|", row)) for row in rows}
        assert len(cells) == 1
        widths.append(cells.pop())
    assert len(widths) == len(sections(report))


def test_the_csv_has_each_figure_once_and_says_why_one_is_missing(benches):
    rows = list(csv.DictReader(io.StringIO(to_csv(benches.report()))))
    keys = [(row["part"], row["what"]) for row in rows]
    assert len(keys) == len(set(keys))
    by_key = dict(zip(keys, rows, strict=True))
    assert by_key["live", "engine yolo & <co>"]["p50"] == "12.0"
    assert by_key["live", "decode -> perceive: dropped, overflow"]["value"] == "5"
    power = by_key["live", "card_power_w"]
    assert (power["value"], power["note"]) == ("", "not available: no card")


@pytest.mark.parametrize("width", [80, 110])
def test_the_terminal_shows_every_engine_and_every_figure(benches, width):
    report = benches.report()
    console = Console(width=width, file=io.StringIO())
    show(console, sections(report))
    text = console.file.getvalue()
    assert "yolo & <co>" in text
    assert "Streams held: 1" in text
    assert max(len(line) for line in text.splitlines()) <= width


@pytest.mark.parametrize("value", [0.0, 0.003, 1.0, 7.7, 99.9, 100.0, 12345.6])
def test_an_axis_holds_its_largest_value_and_is_not_much_longer(value):
    scale = axis(value, 100.0)
    assert 0 <= scale.at(value) <= 100.0
    assert scale.end <= max(2.5 * value, 1.0)


def test_an_axis_of_powers_of_ten_holds_all_values():
    scale = decades([0.03, 4.0, 800.0], 500.0)
    assert (scale.start, scale.end, len(scale.ticks)) == (0.01, 1000.0, 6)
    assert 0 <= scale.at(0.03) < scale.at(4.0) < scale.at(800.0) <= 500.0
    assert scale.at(0.0) == 0.0
