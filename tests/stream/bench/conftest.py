"""A report such as a bench writes, whose figures a test can set."""

from dataclasses import replace

import pytest

from engines.spec.reading import ModelCard
from stream.bench.agreement import Agreement
from stream.bench.board_cost import BoardCost
from stream.bench.card_cost import CardCost
from stream.bench.engine_setup import EngineSetup
from stream.bench.footprint import Footprint
from stream.bench.item import Item
from stream.bench.machine import Machine
from stream.bench.quantity import Quantity
from stream.bench.report import (
    Accuracy,
    Attempt,
    Capacity,
    ColdStart,
    EngineTimes,
    Glass,
    Report,
    SpeedUp,
    StageTimes,
    Subject,
    Trial,
)
from stream.bench.spread import spread_of
from stream.records import EdgeCount

NOWHERE = Quantity.absent("not available: no card", "W")


def make_spread(median, n=100):
    """Samples around a median, with a tail."""
    return spread_of([median * (0.5 + rank / (n - 1)) for rank in range(n)])


def make_item(seq, source="demo-1"):
    return Item(
        source=source,
        seq=seq,
        time_s=seq / 2,
        wait_ms=10.0 + seq,
        look_ms=20.0,
        step_wait_ms=1.0,
        step_ms=0.5,
        publish_ms=0.25,
        total_ms=31.75 + seq,
        age_ms=32.0 + seq,
    )


def make_footprint():
    return Footprint(
        cpu_cores=Quantity.of(1.5, "cores"),
        cpu_others_cores=Quantity.of(0.1, "cores"),
        cpu_ms_a_frame=Quantity.of(30.0, "ms"),
        memory_mb=Quantity.of(400.0, "MB"),
        memory_peak_mb=Quantity.of(410.0, "MB"),
        processes=2,
        temperature_c=NOWHERE,
        throttled=NOWHERE,
        packages_power_w=NOWHERE,
        packages_joules_a_reading=NOWHERE,
        card=CardCost(
            memory_mb=NOWHERE,
            busy=NOWHERE,
            power_w=NOWHERE,
            joules_a_reading=NOWHERE,
            temperature_c=NOWHERE,
            throttled=NOWHERE,
        ),
        board=BoardCost(
            memory_mb=NOWHERE,
            busy=NOWHERE,
            power_w=NOWHERE,
            joules_a_reading=NOWHERE,
            temperature_c=NOWHERE,
        ),
    )


def make_trial(pace="realtime", *, streams=1, detector_ms=12.0, p95_ms=50.0, least_hz=25.0):
    items = tuple(make_item(seq) for seq in range(30))
    return Trial(
        streams=streams,
        pace=pace,
        wall_s=15.0,
        frames_decoded=375,
        frames_analysed=370,
        frames_hz=24.667,
        least_frames_hz=least_hz,
        readings=30,
        worst_p95_ms=p95_ms,
        total_ms=spread_of([item.total_ms for item in items]),
        queue_ms=spread_of([item.queue_ms for item in items]),
        compute_ms=spread_of([item.compute_ms for item in items]),
        age_ms=spread_of([item.age_ms for item in items]),
        engines=(
            EngineTimes(
                engine="yolo & <co>",
                calls=125,
                calls_hz=8.3,
                ms=make_spread(detector_ms),
                cpu_ms_a_call=11.0,
            ),
        ),
        stages=(
            StageTimes(
                stage="perceive",
                queue_ms=make_spread(5.0),
                compute_ms=make_spread(20.0),
                total_ms=make_spread(25.0),
            ),
        ),
        edges=(
            EdgeCount(
                edge="decode -> perceive", received=375, delivered=370, drops={"overflow": 5}
            ),
        ),
        items=items,
        footprint=make_footprint(),
    )


def make_report(**changes):
    return replace(
        Report(
            made="2026-11-23T10:20:30.123Z",
            command="subface bench",
            subject=Subject(
                profile="embedded",
                profile_digest="a" * 64,
                source="montage.mp4",
                source_digest="b" * 64,
                streams=1,
                for_s=15.0,
                models=(ModelCard(name="starter", digest="c" * 64, keypoints=None, grid_hz=12.5),),
            ),
            machine=Machine(
                processor="A fine one",
                architecture="x86_64",
                cores=2,
                memory_gb=8,
                cards=(),
                system="Linux",
            ),
            versions={"python": "3.11", "subface": "0.1.0"},
            cold_start=ColdStart(
                load_s=Quantity.of(2.0, "s"),
                first_reading_s=Quantity.of(2.8, "s"),
                build_s=Quantity.absent("not available: nothing is compiled", "s"),
            ),
            engines=(
                EngineSetup(
                    engine="yolo & <co>",
                    runtime="openvino 2026.4",
                    device="cpu",
                    precision="int8",
                    why="int8 was admitted: F1 at IoU .5 .98 >= .97",
                    build_s=Quantity.of(1.25, "s"),
                ),
            ),
            accuracy=Accuracy(
                missing=None,
                agreements=(
                    Agreement(
                        of="surface",
                        n=30,
                        same_label=0.9667,
                        low=0.8333,
                        high=0.9941,
                        valence_mean=0.0123,
                        valence_most=0.2,
                        one_sided=1,
                    ),
                ),
                engines=(
                    SpeedUp(
                        engine="yolo & <co>",
                        precision="int8",
                        ms=12.0,
                        f32_ms=30.0,
                        times=2.5,
                        why="int8 was admitted: F1 at IoU .5 .98 >= .97",
                    ),
                ),
            ),
            live=make_trial(),
            fast=make_trial("fast"),
            glass=Glass(
                width_px=640,
                height_px=360,
                frames_hz=25.0,
                readings=26,
                unread=0,
                glass_ms=make_spread(120.0),
                before_ms=make_spread(80.0),
                total_ms=make_spread(40.0),
            ),
            capacity=Capacity(
                budget_ms=100.0,
                needed_frames_hz=11.25,
                largest=1,
                limit=64,
                attempts=(
                    Attempt(
                        streams=1,
                        held=True,
                        worst_p95_ms=50.0,
                        least_frames_hz=25.0,
                        why="in time and often enough",
                    ),
                ),
            ),
        ),
        **changes,
    )


class Benches:
    """Makers of reports and their parts."""

    report = staticmethod(make_report)
    trial = staticmethod(make_trial)
    spread = staticmethod(make_spread)
    item = staticmethod(make_item)


@pytest.fixture(scope="session")
def benches():
    return Benches
