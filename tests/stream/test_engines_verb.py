"""`subface engines`, as a user types it."""

import json

import pytest

from engines.config import RuntimeConfig
from engines.plans.store import PlanStore
from stream.cli import main
from stream.prepare.preparation import Preparation

LEAN = [
    *("--set", "perception.keypoints.model=null", "--set", "text.model=null"),
    *("--set", "network.model=null"),
]
NETWORKS = [
    "starter-face",
    "yolo11n-persons-320x320",
    "blazeface-short",
    "face-mesh",
    "face-embedding",
]


@pytest.fixture(scope="module")
def built(store, tmp_path_factory):
    """A cache in which `engines build` has been."""
    root = tmp_path_factory.mktemp("built")
    (root / "models").symlink_to(store.root / "models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUBFACE_CACHE", str(root))
        assert main(["engines", "build", *LEAN]) == 0
    return root


@pytest.fixture
def cache(built, monkeypatch):
    monkeypatch.setenv("SUBFACE_CACHE", str(built))
    return PlanStore(built)


@pytest.fixture
def broken(cache):
    """One plan of them has lost its last byte, until the test is over."""
    entry = cache.entries()[0]
    path = cache.plan_path(entry.digest)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    yield entry
    if path.exists():
        path.write_bytes(whole)


def test_it_builds_every_engine_that_a_run_would_open(cache, capsys):
    assert sorted(entry.sidecar.name for entry in cache.entries()) == sorted(NETWORKS)
    assert main(["engines", "build", *LEAN]) == 0
    told = capsys.readouterr().err
    assert told.count("already there") == len(NETWORKS)
    assert "0 built, 5 were there" in told
    assert "whisper-base: not built, CTranslate2 reads it as it is" in told


def test_what_is_broken_is_built_anew_and_said_to_be(cache, broken, capsys):
    assert main(["engines", "build", *LEAN]) == 0
    told = capsys.readouterr().err
    assert told.count("built anew") == 1
    assert f"{broken.sidecar.name}: replaced, since" in told
    assert "1 built, 4 were there" in told
    assert main(["engines", "verify", "--quiet"]) == 0


def test_less_than_was_asked_for_is_said_with_its_reason(cache, capsys):
    precise = ["--set", "perception.runtime.precision=bf16"]
    assert main(["engines", "build", *LEAN, *precise]) == 0
    told = capsys.readouterr().err
    assert told.count("bf16 was asked for") == len(NETWORKS)
    assert "never judged" in told


def test_a_runtime_that_stores_nothing_is_opened_all_the_same(store, tmp_path):
    begun = []
    prepare = Preparation(
        RuntimeConfig(backend="onnxruntime"), PlanStore(tmp_path), anew=False, begun=begun.append
    )
    with prepare("starter-face", store.path("starter-face")):
        pass
    (one,) = prepare.prepared
    assert (one.name, one.outcome, one.size_bytes) == ("starter-face", "none", None)
    assert begun == ["starter-face"]
    assert PlanStore(tmp_path).entries() == ()


def test_the_list_tells_what_is_usable_here(cache, capsys):
    assert main(["engines", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in NETWORKS:
        (line,) = [line for line in lines if line.startswith(name)]
        assert line.split()[1] == "openvino"
        assert line.rstrip().endswith("yes")
    assert main(["engines", "list", "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert sorted(record["sidecar"]["name"] for record in records) == sorted(NETWORKS)
    assert {record["foreign"] for record in records} == {None}


def test_an_empty_list_says_how_to_fill_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SUBFACE_CACHE", str(tmp_path))
    assert main(["engines", "list"]) == 0
    assert "`subface engines build`" in capsys.readouterr().out
    assert main(["engines", "verify"]) == 0


def test_verifying_says_ok_of_each(cache, capsys):
    assert main(["engines", "verify"]) == 0
    told = capsys.readouterr().out
    assert told.count(": ok ") == len(NETWORKS)
    assert f"{len(NETWORKS)} of {len(NETWORKS)} are whole" in told


def test_verifying_a_broken_one_is_exit_code_2_and_names_the_command(cache, broken, capsys):
    assert main(["engines", "verify"]) == 2
    told = capsys.readouterr()
    assert f"{broken.digest}.plan: expected" in told.out
    assert told.out.count(": ok ") == len(NETWORKS) - 1
    assert "`subface engines build`" in told.err
    assert main(["engines", "list"]) == 0
    assert "broken: " in capsys.readouterr().out


def test_pruning_without_saying_which_is_refused(cache, capsys):
    assert main(["engines", "prune", "--yes"]) == 2
    assert "--older-than DAYS, --foreign, --broken" in capsys.readouterr().err
    assert len(cache.entries()) == len(NETWORKS)


@pytest.mark.parametrize("which", [["--foreign"], ["--older-than", "1"], ["--broken"]])
def test_pruning_spares_what_is_good_new_and_ours(cache, capsys, which):
    assert main(["engines", "prune", *which, "--yes"]) == 0
    assert "nothing of that kind" in capsys.readouterr().out
    assert len(cache.entries()) == len(NETWORKS)


def test_pruning_only_says_which_until_it_is_told_to(cache, capsys):
    assert main(["engines", "prune", "--all"]) == 0
    told = capsys.readouterr().out
    assert told.count("would go") == len(NETWORKS)
    assert "--yes removes them" in told
    assert len(cache.entries()) == len(NETWORKS)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"runtime_version": "2020.1"}, "made by openvino 2020.1, here is"),
        ({"runtime": "tensorrt_elsewhere"}, "tensorrt_elsewhere cannot be used here"),
    ],
    ids=["version", "runtime"],
)
def test_a_foreign_one_is_said_to_be_and_pruned(cache, capsys, changed, reason):
    identity = cache.entries()[0].sidecar.identity.model_copy(update=changed)
    cache.build(identity, lambda: b"plan", "stranger")
    assert main(["engines", "list"]) == 0
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("stranger")]
    assert f"no: {reason}" in line
    assert main(["engines", "prune", "--foreign", "--yes"]) == 0
    assert "stranger" in capsys.readouterr().out
    assert sorted(entry.sidecar.name for entry in cache.entries()) == sorted(NETWORKS)


def test_two_runtimes_are_held_against_each_other_on_real_frames(cache, media, capsys):
    clip = str(media / "faces/carphone_pristine.mp4")
    assert main(["engines", "compare", clip, "--frames", "4", "--json", *LEAN]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["backends"] == ["openvino", "onnxruntime"]
    assert found["frames"] == 4
    by_name = {network["name"]: network for network in found["networks"]}
    assert list(by_name) == NETWORKS
    boxes = by_name["yolo11n-persons-320x320"]["outputs"]["boxes"]
    assert 0 < boxes["largest_difference"] < 0.08  # px, as tests/engines/parity holds it
    assert boxes["largest_value"] > 50
    assert by_name["starter-face"]["runs"] == 4
    assert all(ms > 0 for ms in by_name["starter-face"]["median_ms"])
    assert "reads .onnx files only" in by_name["face-mesh"]["refused"]


def test_the_comparison_is_a_table_too(cache, media, capsys):
    clip = str(media / "faces/carphone_pristine.mp4")
    assert main(["engines", "compare", clip, "--frames", "2", *LEAN]) == 0
    told = capsys.readouterr().out
    assert "openvino ms" in told
    assert "onnxruntime ms" in told
    assert f"2 frames of {clip}" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compare", "--backend", "openvino"], "expected it twice, with two runtimes"),
        (["compare", "--backend", "openvino", "--backend", "openvino"], "got openvino, openvino"),
        (["compare", "--backend", "openvino", "--backend", "abacus"], "got openvino, abacus"),
        (["compare", "rtsp://127.0.0.1/live"], "has no end"),
        (["build", "--device", "gpu"], "perception.runtime.device"),
        (["build", "--device", "cuda:0"], "backend openvino has none cuda:0"),
        (["build", "--profile", "nowhere"], "nowhere"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_one_line_and_exit_code_2(cache, capsys, words, message):
    assert main(["engines", *words]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
