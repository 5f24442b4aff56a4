from dataclasses import replace
from pathlib import Path

import pytest

from engines.errors import ConfigError
from stream.bench.baseline import compare, warn_if_busy
from stream.bench.quantity import Quantity
from stream.bench.report import read_report, to_json
from stream.errors import BenchmarkRegressionError

PATH = Path("before.json")


def against(baseline, report, **options):
    return compare(baseline, report, PATH, **options)


def test_a_report_is_no_worse_than_itself(benches):
    comparison = against(benches.report(), benches.report())
    assert comparison.worse == ()
    assert {change.ratio for change in comparison.changes} == {1.0}
    comparison.require_no_worse()


def test_what_got_slower_is_named_with_its_ratio_and_ends_with_6(benches):
    slower = benches.report(live=benches.trial(detector_ms=18.0))
    comparison = against(benches.report(), slower)
    assert [change.name for change in comparison.worse] == [
        "live engine yolo & <co> p50",
        "live engine yolo & <co> p95",
    ]
    with pytest.raises(
        BenchmarkRegressionError, match=r"yolo & <co> p50: 12 -> 18 ms \(1.50 times"
    ):
        comparison.require_no_worse()
    assert BenchmarkRegressionError.exit_code == 6


@pytest.mark.parametrize(("detector_ms", "worse"), [(13.7, 0), (14.0, 1), (15.5, 1), (15.7, 2)])
def test_a_median_may_be_worse_by_the_tolerance_and_a_tail_by_twice_as_much(
    benches, detector_ms, worse
):
    now = benches.report(live=benches.trial(detector_ms=detector_ms))
    assert len(against(benches.report(), now, tolerance=0.15).worse) == worse


def test_what_got_faster_is_no_regression(benches):
    assert not against(benches.report(), benches.report(live=benches.trial(detector_ms=3.0))).worse


def test_fewer_frames_a_second_and_fewer_streams_are_worse(benches):
    before = benches.report()
    now = replace(
        before,
        fast=replace(before.fast, frames_hz=15.0),
        capacity=replace(before.capacity, largest=0),
    )
    worse = {change.name for change in against(before, now).worse}
    assert worse == {"fast frames/s", "streams held"}


def test_a_difference_of_the_clock_is_none(benches):
    before = benches.report(live=benches.trial(detector_ms=0.05))
    assert not against(before, benches.report(live=benches.trial(detector_ms=0.15))).worse


def test_an_engine_that_is_gone_is_told(benches):
    before, now = benches.report(), benches.report()
    now = replace(now, live=replace(now.live, engines=()))
    assert [str(change) for change in against(before, now).worse] == [
        "live engine yolo & <co> p50: 12 ms before, not there now",
        "live engine yolo & <co> CPU a call: 11 ms before, not there now",
    ]


def seldom(report, calls):
    """The report, its engine asked so seldom."""
    (engine,) = report.live.engines
    few = replace(engine, ms=replace(engine.ms, n=calls, p50=90.0))
    return replace(report, live=replace(report.live, engines=(few,)))


@pytest.mark.parametrize(("calls", "worse"), [(4, 0), (5, 1)])
def test_an_engine_that_is_seldom_asked_is_no_basis(benches, calls, worse):
    now = seldom(benches.report(), calls)
    assert len(against(benches.report(), now).worse) == worse
    assert not against(now, seldom(now, 4)).worse


def test_what_was_not_asked_for_this_time_is_not_compared(benches):
    now = benches.report(glass=None, capacity=None, fast=None)
    comparison = against(benches.report(), now)
    assert comparison.changes
    assert comparison.worse == ()


def beside_others(report, cores):
    """The report, measured while others had so much of the processor."""
    others = Quantity.of(cores, "cores")
    footprint = replace(report.live.footprint, cpu_others_cores=others)
    return replace(report, live=replace(report.live, footprint=footprint))


@pytest.mark.parametrize("busy", ["then", "now"])
def test_beside_other_work_times_by_the_clock_are_shown_and_not_judged(benches, busy):
    before, now = benches.report(), benches.report(live=benches.trial(detector_ms=90.0))
    if busy == "then":
        before = beside_others(before, 1.0)
    else:
        now = beside_others(now, 1.0)
    comparison = against(before, now)
    assert comparison.worse == ()
    shown = {change.name: change for change in comparison.changes}
    assert shown["live engine yolo & <co> p50"].ratio == 7.5
    assert not shown["live engine yolo & <co> p50"].is_judged
    assert shown["live engine yolo & <co> CPU a call"].is_judged


def test_processor_time_is_judged_whatever_else_is_at_work(benches):
    before = now = beside_others(benches.report(), 1.0)
    (engine,) = now.live.engines
    now = replace(now, live=replace(now.live, engines=(replace(engine, cpu_ms_a_call=13.0),)))
    assert [change.name for change in against(before, now).worse] == [
        "live engine yolo & <co> CPU a call"
    ]


@pytest.mark.parametrize(("cores", "warned"), [(0.1, 0), (1.4, 1)])
def test_whoever_measures_beside_other_work_is_told(benches, caplog, cores, warned):
    report = benches.report()
    busy = replace(report.live.footprint, cpu_others_cores=Quantity.of(cores, "cores"))
    warn_if_busy(replace(report, live=replace(report.live, footprint=busy)))
    assert len(caplog.records) == warned


@pytest.mark.parametrize(
    ("part", "changes", "told"),
    [
        ("machine", {"processor": "Another"}, "processor 'Another', not 'A fine one'"),
        ("machine", {"cards": ("H100",)}, r"cards \('H100',\), not \(\)"),
        ("machine", {"cores": 64}, "cores 64, not 2"),
        ("subject", {"profile": "edge", "profile_digest": "d" * 64}, "profile edge, not embedded"),
        ("subject", {"profile_digest": "d" * 64}, "profile 'embedded' with other settings"),
        ("subject", {"source": "b.mp4", "source_digest": "e" * 64}, "source 'b.mp4'"),
        ("subject", {"streams": 4}, "4 streams, not 1"),
    ],
)
def test_a_baseline_of_something_else_is_refused(benches, part, changes, told):
    report = benches.report()
    other = replace(report, **{part: replace(getattr(report, part), **changes)})
    with pytest.raises(ConfigError, match=told):
        against(other, report)


def test_another_version_or_kernel_is_what_a_baseline_is_for(benches):
    report = benches.report()
    older = replace(
        report,
        versions={"subface": "0.0.9"},
        machine=replace(report.machine, system="an older kernel"),
    )
    assert not against(older, report).worse


def test_a_report_is_read_as_it_was_written(benches, tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes(to_json(benches.report()))
    assert read_report(path) == benches.report()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", "Field required; expected a subface.bench/1 report"),
        ("no", "Invalid JSON"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path, text, told):
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=told):
        read_report(path)


def test_a_report_of_a_later_version_is_refused(benches, tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes(to_json(benches.report()).replace(b"subface.bench/1", b"subface.bench/2"))
    with pytest.raises(ConfigError, match=r"schema: Input should be 'subface.bench/1'"):
        read_report(path)


def test_a_baseline_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_report(tmp_path / "none.json")
