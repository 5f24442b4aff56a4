"""What the engines are, and what their speed costs, as tables."""

from stream.bench.engine_setup import EngineSetup
from stream.bench.report import Accuracy, Report
from stream.bench.section import Section


def accuracy_in_short(accuracy: Accuracy) -> str:
    """Return what the speed costs in one line."""
    if accuracy.missing is not None:
        return accuracy.missing
    told = [
        f"{one.of}: {one.same_label:.1%} of {one.n} labels as in f32, valence off by "
        f"{one.valence_mean:.3f} (mean)"
        for one in accuracy.agreements
        if one.same_label is not None and one.valence_mean is not None
    ]
    return "; ".join(told) or "no reading in both"


def agreements_section(accuracy: Accuracy) -> Section:
    """Return how far the readings are those of f32."""
    rows = tuple(
        (
            one.of,
            str(one.n),
            "-" if one.same_label is None else f"{one.same_label:.1%}",
            "-" if one.low is None or one.high is None else f"{one.low:.1%} to {one.high:.1%}",
            "-" if one.valence_mean is None else f"{one.valence_mean:.4f}",
            "-" if one.valence_most is None else f"{one.valence_most:.4f}",
            str(one.one_sided),
        )
        for one in accuracy.agreements
    )
    return Section(
        title="Accuracy: the same clip in f32",
        columns=("reading", "n", "same label", "95 %", "valence, mean off", "most", "one-sided"),
        rows=rows,
        note=(
            "Readings of the same person and time, this run against f32. The interval takes them "
            "for independent, which readings of one clip are not. One-sided: only one run read."
        ),
    )


def speed_ups_section(accuracy: Accuracy) -> Section:
    """Return how much faster the engines are for it, and what the gate said of each."""
    rows = tuple(
        (
            one.engine,
            one.precision,
            f"{one.ms:.2f}",
            f"{one.f32_ms:.2f}",
            f"{one.times:.2f}",
            one.why,
        )
        for one in accuracy.engines
    )
    return Section(
        title="Speed beside it, ms a call (median)",
        columns=("engine", "", "ms", "f32 ms", "times", "the gate"),
        rows=rows,
        note="Both at full speed, one copy, one after the other.",
    )


def setups_section(report: Report) -> Section:
    """Return what each engine is."""
    rows = tuple(
        (one.engine, one.runtime, one.device, one.precision, _plan(one), one.why)
        for one in report.engines
    )
    return Section(
        title="Engines, what they are",
        columns=("engine", "runtime", "device", "precision", "its plan", "why"),
        rows=rows,
        note=(
            "Why it has this precision: what was asked for, or the gate's verdict. A plan is what "
            "was compiled and stored beforehand (`subface engines build`), in so many seconds; "
            "without one a graph is compiled at each start."
        ),
    )


def _plan(engine: EngineSetup) -> str:
    return "-" if engine.build_s.value is None else f"{engine.build_s.value:.2f} s"
