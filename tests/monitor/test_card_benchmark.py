"""benchmarks/card.py, as it is run on a card; here the processor stands in for one."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from stream.bench.machine import Machine
from stream.bench.report import read_report


@pytest.fixture(scope="module")
def card_benchmark():
    folder = Path(__file__).parents[2] / "benchmarks"
    spec = importlib.util.spec_from_file_location("card_benchmark", folder / "card.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["card_benchmark"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["card_benchmark"]
    sys.path.remove(str(folder))
    sys.modules.pop("roofline", None)


def machine(**changes):
    given = {
        "processor": "AMD EPYC",
        "architecture": "x86_64",
        "cores": 2,
        "memory_gb": 24,
        "cards": (),
        "system": "Linux",
    }
    return Machine(**(given | changes))


def test_a_folder_is_named_by_the_card_or_by_the_processor(card_benchmark):
    assert card_benchmark.name_of(machine()) == "cpu-amd-epyc-2-cores"
    assert card_benchmark.name_of(machine(cards=("NVIDIA H100 80GB HBM3",))) == (
        "nvidia-h100-80gb-hbm3"
    )


@pytest.mark.slow
def test_everything_of_a_profile_is_found_in_its_folder(
    card_benchmark, media, store, tmp_path, need_tool, monkeypatch
):
    need_tool("ffmpeg")
    monkeypatch.setattr(card_benchmark, "COMPILED_RUNS", 1)
    monkeypatch.setattr("roofline.PRODUCTS", ((64, 64, 64),))
    monkeypatch.setattr("roofline.BLOCK_BYTES", 2**20)
    asked = card_benchmark.Asked(
        overrides=("perception.runtime.backend=openvino", "speech.model=null"),
        budget_ms=1.0,
        for_s=1.0,
        runs=1,
        build=False,
        glass=False,
    )
    folder = card_benchmark.results(["edge-lite"], media / "grid/bbaf2n.mpg", asked, tmp_path)
    report = read_report(folder / "edge-lite-bench.json")
    assert report.capacity.largest == 0  # nothing holds 1 ms
    assert report.live.frames_decoded > 0
    bounds = json.loads((folder / "edge-lite-roofline.json").read_text())
    assert {one["engine"] for one in bounds["engines"]} >= {"yolo11n-persons-320x320"}
    text = (folder / "README.md").read_text()
    assert "**0 streams**" in text
    assert "load of the machine" in text
    assert "| yolo11n-persons-320x320 |" in text
    assert (folder / "edge-lite-bench.html").is_file()


def test_what_cannot_be_run_is_named_with_its_reason(card_benchmark, media, store, tmp_path):
    asked = card_benchmark.Asked(
        overrides=("perception.runtime.backend=none",),
        budget_ms=1.0,
        for_s=1.0,
        runs=1,
        build=False,
        glass=False,
    )
    part = card_benchmark.of_profile("edge-lite", media / "grid/bbaf2n.mpg", asked, tmp_path)
    assert part.bench is None
    assert part.roofline is None
    bench, *others = part.reasons
    assert "`subface bench` ended with 2" in bench
    assert any(reason.startswith("roofline: ") for reason in others)
    text = card_benchmark.readme(machine(), {}, 0.1, asked, [part])
    assert text.count("- not run: ") == len(part.reasons)
