"""`subface bench` on a short clip with the real pipeline: one run, from every side."""

import csv
import json

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from engines.errors import ConfigError
from engines.variants import VariantRecord, VariantStore, Verdict
from stream.bench.report import json_schema, read_report
from stream.bench.verbs import bench
from stream.errors import BenchmarkRegressionError, SourceFormatError, SourceUnreachableError

DEAF = ("--set", "speech.model=null", "--set", "perception.runtime.precision=bf16")
"""Nobody listens, and what was admitted to bf16 is computed so."""
ADMITTED = "starter-face"


def invoke(*arguments):
    app = typer.Typer()
    app.command()(bench)
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module", autouse=True)
def admitted(store, tmp_path_factory):
    """The gate admitted one network to bf16."""
    record = VariantRecord(
        schema=1,
        name=ADMITTED,
        graph=store.digest(ADMITTED),
        precision="bf16",
        sha256=None,
        size_bytes=None,
        method="none: the runtime computes the same graph so",
        tools={},
        calibration=None,
        verdict=Verdict(
            admitted=True,
            why="agreement 0.9990 >= 0.99",
            samples=100,
            backend="openvino",
            judged_with="a test",
        ),
    )
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("variants")
        patch.setattr("engines.variants.store.cache_root", lambda: root)
        VariantStore().put(record, None)
        yield


@pytest.fixture(scope="module")
def measured(media, store, tmp_path_factory):
    """What one bench of two seconds a part said and wrote."""
    folder = tmp_path_factory.mktemp("bench")
    result = invoke(
        *(media / "grid/bbaf2n.mpg", "--for", "2", "--streams", "2", "--budget-ms", "1", *DEAF),
        *("--json", folder / "out.json", "--html", folder / "out.html"),
        *("--csv", folder / "out.csv", "--markdown", folder / "out.md"),
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0
    return result.output, folder


@pytest.fixture(scope="module")
def report(measured):
    return read_report(measured[1] / "out.json")


def test_of_each_reading_the_parts_add_up_to_what_was_published(report):
    for trial in (report.live, report.fast):
        assert trial.items
        for item in trial.items:
            assert abs(item.queue_ms + item.compute_ms - item.total_ms) < 0.01
            parts = (item.wait_ms, item.look_ms, item.step_wait_ms, item.step_ms, item.publish_ms)
            assert min(parts) >= 0


def test_every_engine_is_told_with_as_many_samples_as_calls(report):
    engines = {engine.engine: engine for engine in report.live.engines}
    assert {"yolo11n-persons-320x320", "starter-face", "pose-landmark-full"} <= set(engines)
    for engine in engines.values():
        assert engine.ms.n == engine.calls > 0
        assert engine.ms.p50 <= engine.ms.p99
        assert engine.cpu_ms_a_call > 0


def test_a_call_waits_and_is_computed_and_no_engine_takes_longer_than_its_stage(report):
    stages = {stage.stage: stage for stage in report.live.stages}
    assert set(stages) == {"perceive", "network"}
    slowest = max(e.ms.max for e in report.live.engines if e.engine.startswith("yolo"))
    assert slowest <= stages["perceive"].compute_ms.max
    assert stages["perceive"].compute_ms.n == report.live.frames_analysed


def test_both_copies_are_read_and_no_item_is_lost_uncounted(report):
    for trial in (report.live, report.fast):
        assert trial.streams == 2
        assert {item.source for item in trial.items} == {"bbaf2n-1", "bbaf2n-2"}
        for edge in trial.edges:
            assert edge.received == edge.delivered + sum(edge.drops.values())
    reasons = [edge.drops for edge in report.fast.edges]
    assert all("overflow" not in drops for drops in reasons)


def test_the_moment_burnt_into_a_picture_comes_back_with_its_reading(report):
    glass = report.glass
    assert glass.readings > 0
    assert glass.unread == 0
    assert glass.glass_ms.n == glass.readings
    assert glass.before_ms.p50 > 0
    assert glass.glass_ms.max > glass.total_ms.max


def test_a_budget_that_nothing_holds_is_held_by_none(report):
    capacity = report.capacity
    assert (capacity.largest, [tried.streams for tried in capacity.attempts]) == (0, [1])
    assert capacity.needed_frames_hz == 11.25
    assert "ms of 1" in capacity.attempts[0].why


def test_the_footprint_is_of_the_run_and_what_is_unknown_is_said(report):
    cost = report.live.footprint
    assert cost.memory_peak_mb.value >= cost.memory_mb.value > 100
    assert cost.cpu_cores.value > 0
    for quantity in (cost.card.power_w, cost.board.joules_a_reading, cost.temperature_c):
        assert (quantity.value is None) == (quantity.missing is not None)


def test_the_start_is_told_from_the_asking_on(report):
    start = report.cold_start
    assert 0 < start.load_s.value < start.first_reading_s.value
    assert (start.build_s.value is None) == (start.build_s.missing is not None)


def test_each_engine_says_what_it_is(report):
    assert [one.engine for one in report.engines] == [one.engine for one in report.live.engines]
    for one in report.engines:
        assert one.runtime.startswith("openvino 20")
        assert one.device == "cpu"
        assert one.precision == ("bf16" if one.engine == ADMITTED else "f32")
    why = {one.engine: one.why for one in report.engines}
    assert why[ADMITTED] == "bf16 was admitted: agreement 0.9990 >= 0.99"
    assert "never judged" in why["face-mesh"]


def test_what_the_speed_costs_stands_beside_it(report):
    accuracy = report.accuracy
    assert accuracy.missing is None
    (engine,) = accuracy.engines
    assert (engine.engine, engine.precision) == (ADMITTED, "bf16")
    assert engine.times == pytest.approx(engine.f32_ms / engine.ms, abs=0.01)
    surface, fused = accuracy.agreements
    for one in (surface, fused):
        assert one.n > 0
        assert one.low <= one.same_label <= one.high
        assert 0 <= one.valence_mean <= one.valence_most < 0.2
    assert surface.one_sided == 0


def test_all_documents_tell_the_same(measured, report):
    said, folder = measured
    document = json.loads((folder / "out.json").read_text())
    jsonschema.Draft202012Validator(json_schema()).validate(document)
    rows = csv.DictReader((folder / "out.csv").read_text().splitlines())
    median = next(
        float(row["p50"])
        for row in rows
        if (row["part"], row["what"]) == ("glass", "glass to publication")
    )
    assert median == report.glass.glass_ms.p50
    shown = f"{median:.0f}" if median >= 100 else f"{median:.3g}"
    for text in (said, (folder / "out.md").read_text(), (folder / "out.html").read_text()):
        assert shown in text
        assert "pose-landmark-full" in text
    assert "streams 2" in document["command"]


def test_a_baseline_that_was_better_ends_it_with_6_and_the_names(media, measured, tmp_path):
    _, folder = measured
    better = json.loads((folder / "out.json").read_text())
    for engine in better["live"]["engines"]:
        engine["cpu_ms_a_call"] = 0.001
    path = tmp_path / "better.json"
    path.write_text(json.dumps(better))
    result = invoke(
        *(media / "grid/bbaf2n.mpg", "--for", "1", "--streams", "2", "--no-glass", *DEAF),
        *("--baseline", path, "--tolerance", "9"),
    )
    assert isinstance(result.exception, BenchmarkRegressionError)
    assert result.exception.exit_code == 6
    assert "live engine face-mesh CPU a call" in str(result.exception)
    assert "WORSE" in result.output


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (("--streams", "2", *DEAF, "--set", "reading.hop_s=1"), "with other settings"),
        (("--streams", "1", *DEAF), "2 streams, not 1"),
    ],
)
def test_a_baseline_of_something_else_is_refused_before_anything_is_measured(
    media, measured, settings, told
):
    baseline = measured[1] / "out.json"
    result = invoke(media / "grid/bbaf2n.mpg", *settings, "--baseline", baseline)
    assert isinstance(result.exception, ConfigError)
    assert told in str(result.exception)
    assert result.output == ""


def test_a_picture_and_a_folder_that_is_not_there_are_refused(media, store, tmp_path):
    picture = next((media / "faces").glob("*.jpg"))
    result = invoke(picture, *DEAF)
    assert isinstance(result.exception, ConfigError)
    assert "a picture is over at once" in str(result.exception)
    result = invoke(media / "grid/bbaf2n.mpg", "--json", tmp_path / "none" / "out.json")
    assert isinstance(result.exception, ConfigError)
    assert "cannot be written" in str(result.exception)


def test_what_has_sound_alone_is_refused(librivox, store, monkeypatch):
    monkeypatch.setattr("stream.bench.measure.FIRST_READING_S", 0.5)
    result = invoke(next(librivox.glob("*.wav")), *DEAF)
    assert isinstance(result.exception, SourceFormatError)
    assert "no picture came" in str(result.exception)


def test_a_source_that_is_not_there_is_named(store, tmp_path):
    result = invoke(tmp_path / "none.mp4", *DEAF)
    assert isinstance(result.exception, SourceUnreachableError)
