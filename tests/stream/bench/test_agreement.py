from dataclasses import replace

import pytest

from engines.models.store import sha256
from engines.plans.identity import PlanIdentity, Processor
from engines.plans.store import PlanStore
from stream.bench.accuracy import ReadThrough, accuracy_of, in_f32, why_not
from stream.bench.agreement import ReadingKeeper, agreements
from stream.bench.engine_setup import OWN_RUNTIME, EngineSetup, build_s, setups
from stream.bench.quantity import Quantity
from stream.profile import load_profile
from stream.source.address import parse_sources


@pytest.fixture
def reading(samples):
    """Makes a reading at a time, by what it says."""
    first = next(r for r in samples.every_kind() if getattr(r, "surface", None) is not None)

    def reading(end_s, label="happy", valence=0.5, person="p1"):
        said = label and replace(first.surface, label=label, valence=valence)
        return replace(
            first,
            person_id=person,
            window=replace(first.window, end_s=end_s),
            surface=said or None,
            fused=None,
        )

    return reading


def test_the_same_readings_agree_in_all(reading):
    run = [reading(k / 2) for k in range(10)]
    surface, fused = agreements(run, run)
    assert (surface.of, surface.n, surface.same_label, surface.one_sided) == ("surface", 10, 1, 0)
    assert (surface.valence_mean, surface.valence_most) == (0, 0)
    assert surface.low < surface.high == 1
    assert (fused.of, fused.n, fused.same_label, fused.valence_mean) == ("fused", 0, None, None)


def test_other_labels_and_valences_are_counted_and_measured(reading):
    those = [reading(k / 2) for k in range(4)]
    these = [reading(0.0), reading(0.5, "sad", -0.5), reading(1.0, valence=0.3), reading(1.5)]
    surface, _ = agreements(these, those)
    assert (surface.n, surface.same_label) == (4, 0.75)
    assert surface.valence_mean == pytest.approx((1.0 + 0.2) / 4)
    assert surface.valence_most == 1.0


def test_what_only_one_of_the_two_says_is_counted_by_itself(reading):
    these = [reading(0.0), reading(0.5, None), reading(1.0, person="p2"), reading(1.5)]
    those = [reading(0.0), reading(0.5), reading(1.0), reading(1.5)]
    surface, _ = agreements(these, those)
    assert (surface.n, surface.one_sided) == (2, 3)


def test_what_only_the_faster_run_reached_is_not_held_against_the_other(reading):
    these = [reading(k / 2) for k in range(20)]
    surface, _ = agreements(these, these[:7])
    assert (surface.n, surface.one_sided) == (6, 0)  # the last may be cut off
    assert agreements(these, []) == ()


async def test_a_keeper_keeps_readings_and_nothing_else(samples, reading):
    keeper = ReadingKeeper()
    for record in [samples.transcript("We"), reading(0.5)]:
        await keeper.put(record)
    assert keeper.readings == [reading(0.5)]
    assert keeper.count.received == keeper.count.delivered == 1


def setup(engine, precision="f32", build=None, why="it was asked for"):
    quantity = Quantity.absent(build or "no plan", "s") if build is None else build
    return EngineSetup(
        engine=engine,
        runtime="openvino 1",
        device="cpu",
        precision=precision,
        why=why,
        build_s=quantity,
    )


def test_engines_of_another_arithmetic_have_their_time_beside_that_in_f32(benches, reading):
    def read(ms):
        return ReadThrough(trial=benches.trial(detector_ms=ms), readings=(reading(0.5),))

    engines = [setup("yolo & <co>", "int8"), setup("elsewhere", "int8"), setup("mesh")]
    accuracy = accuracy_of(read(12.0), read(30.0), engines)
    assert [(one.engine, one.ms, one.f32_ms, one.times) for one in accuracy.engines] == [
        ("yolo & <co>", 12.0, 30.0, 2.5)
    ]
    assert accuracy.agreements[0].n == 1


@pytest.mark.parametrize(
    ("precision", "source", "engines", "told"),
    [
        ("f32", "a.mp4", [], "every engine computes in f32"),
        ("bf16", "a.mp4", [setup("a"), setup("speech a", "int8")], "no engine of this run was"),
        ("bf16", "rtsp://h/a", [setup("a", "bf16")], "a stream cannot be read twice"),
        ("bf16", "a.mp4", [setup("a", "bf16")], None),
    ],
)
def test_nothing_is_compared_without_a_reason(tmp_path, precision, source, engines, told):
    if "://" not in source:
        (tmp_path / source).touch()
        source = str(tmp_path / source)
    (spec,) = parse_sources([source])
    profile = load_profile("embedded", [f"perception.runtime.precision={precision}"])
    why = why_not(profile, spec, engines)
    assert why is None if told is None else told in why
    assert in_f32(profile).perception.runtime.precision == "f32"


def test_a_start_is_built_beforehand_if_all_that_can_be_is(benches):
    own = setup("speech a", build=Quantity.absent(OWN_RUNTIME, "s"))
    built = [setup("a", build=Quantity.of(1.5, "s")), setup("b", build=Quantity.of(0.25, "s")), own]
    assert build_s(built).value == 1.75
    assert "1 of 3 graphs" in build_s([*built, setup("c")]).missing


def test_an_engine_whose_plan_is_stored_says_how_long_that_took(store, tmp_path, monkeypatch):
    monkeypatch.setattr("engines.plans.store.cache_root", lambda: tmp_path)
    graph = sha256(store.path("starter-face"))
    identity = PlanIdentity(
        graph=graph, runtime="openvino", runtime_version="1", device=Processor(name="this one")
    )
    built = PlanStore().build(identity, lambda: b"plan", "starter-face")
    names = ["starter-face", "face-mesh", "speech transcribe"]
    found = setups(load_profile("embedded", []), store, None, names, card=False)
    assert [one.engine for one in found] == names
    face, mesh, heard = found
    assert face.build_s.value == built.sidecar.built_s
    assert "compiled from the graph" in mesh.build_s.missing
    assert (heard.precision, heard.build_s.missing) == ("int8", OWN_RUNTIME)
    assert {one.device for one in found} == {"cpu"}
