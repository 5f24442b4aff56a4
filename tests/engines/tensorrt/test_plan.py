"""A plan is built with a notice, looked at, stored, and then found."""

import logging

import pytest

from engines.backends import tensorrt_backend
from engines.backends.tensorrt_backend import open_tensorrt
from engines.backends.tensorrt_binding import find_binding
from engines.backends.tensorrt_plan import LoggedProgress, PlanRequest, TimingCache, obtain_plan
from engines.cuda.calls import Cuda
from engines.cuda.card import find_card
from engines.errors import EngineError
from engines.models.store import SHIPPED
from engines.plans.store import PlanStore

# what builds here is RTX, which times nothing and says so
pytestmark = pytest.mark.filterwarnings("ignore:Use Deprecated in TensorRT-RTX")

GRAPH = SHIPPED / "starter" / "text-head.onnx"


@pytest.fixture
def here(card):
    return find_card(Cuda(card), "auto")


@pytest.fixture
def request_():
    return PlanRequest(path=GRAPH, name="texts", outputs=None, precision="f32")


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("SUBFACE_CACHE", str(tmp_path))
    return PlanStore()


@pytest.fixture
def loading(binding, opened, card):
    """A binding that loads whatever was built, on a card that is none."""

    class Plans(dict):
        def __contains__(self, plan):
            return True

        def __getitem__(self, plan):
            return card, GRAPH, {"embedding": ((1, 384), (1, 384), (8, 384))}, 4096

    binding.trt.Runtime = type("Runtime", (binding.trt.Runtime,), {"plans": Plans()})
    return binding


def test_a_missing_plan_is_built_with_a_notice_and_then_found(
    loading, here, store, request_, caplog
):
    caplog.set_level(logging.INFO)
    first = obtain_plan(request_, loading, here, store)
    said = [record.message for record in caplog.records]
    caplog.clear()
    second = obtain_plan(request_, loading, here, store)

    assert first == second
    assert "texts: TensorRT builds its plan for A card that is none" in said[0]
    assert "`subface engines build`" in said[0]
    assert any("texts: built" in line for line in said[1:])
    assert caplog.records == []


def test_what_decides_on_a_plan_is_its_identity(binding, here, request_):
    identity = request_.identity(binding, here)

    assert identity.runtime == "tensorrt"
    assert identity.runtime_version == "10.3.0"
    assert identity.device.name == "A card that is none"
    assert identity.device.features == ("sm_87",)
    assert identity.driver_major == 12
    assert identity.settings["tf32"] is False
    other = PlanRequest(path=GRAPH, name="texts", outputs=("logits",), precision="f32")
    assert other.identity(binding, here).digest != identity.digest


def test_a_plan_of_another_precision_than_asked_is_not_stored(loading, here, store):
    wanted = PlanRequest(path=GRAPH, name="texts", outputs=None, precision="fp16")

    with pytest.raises(EngineError, match="texts: asked for fp16, and no layer of the graph"):
        obtain_plan(wanted, loading, here, store)
    assert store.entries() == ()


def test_a_plan_that_does_not_load_is_not_stored(binding, here, store, request_):
    with pytest.raises(EngineError, match="texts: TensorRT does not load what it built: Magic"):
        obtain_plan(request_, binding, here, store)
    assert store.entries() == ()


def test_a_graph_that_is_not_there_names_the_remedy(binding, here, store, tmp_path):
    wanted = PlanRequest(path=tmp_path / "no.onnx", name="no", outputs=None, precision="f32")

    with pytest.raises(EngineError, match=r"no\.onnx: .*`subface models pull`"):
        obtain_plan(wanted, binding, here, store)


def test_opening_builds_once_and_runs(loading, card, store, monkeypatch):
    monkeypatch.setattr(tensorrt_backend, "find_binding", lambda: loading)
    monkeypatch.setattr(tensorrt_backend, "cuda_runtime", lambda: card)
    for _ in range(2):
        with open_tensorrt(GRAPH, plans=store, name="texts") as engine:
            embedding = engine.spec.inputs[0]
            assert (embedding.name, embedding.shape) == ("embedding", (None, 384))

    assert len(store.entries()) == 1
    assert not card.card


def test_engines_of_one_card_share_a_chain_and_the_last_one_closes_it(
    loading, card, store, monkeypatch
):
    monkeypatch.setattr(tensorrt_backend, "find_binding", lambda: loading)
    monkeypatch.setattr(tensorrt_backend, "cuda_runtime", lambda: card)
    with (
        open_tensorrt(GRAPH, plans=store, name="first") as first,
        open_tensorrt(GRAPH, plans=store, name="second", device="cuda:0") as second,
    ):
        assert first._chain is second._chain
    with open_tensorrt(GRAPH, plans=store, name="third") as third:
        assert third._chain is not first._chain

    assert card.calls.count("cudaStreamDestroy") == 2


@pytest.mark.parametrize(
    ("device", "message"),
    [("cpu", "backend openvino runs on CPUs"), ("cuda:3", "expected one of the 1 cards")],
)
def test_a_device_that_is_none_is_refused(card, device, message):
    with pytest.raises(EngineError, match=message):
        find_card(Cuda(card), device)


def test_without_a_driver_the_remedy_is_named(card):
    card.fails["cudaGetDeviceCount"] = 35

    with pytest.raises(EngineError, match=r"\(35\).*no driver.*`nvidia-smi`"):
        find_card(Cuda(card), "auto")


def test_timings_are_kept_for_a_version_and_a_card(binding, here, store):
    timings = TimingCache.of(binding, here)

    assert timings.read() is None
    timings.write(b"timed")
    assert TimingCache.of(binding, here).read() == b"timed"
    assert timings.path.name == "tensorrt-10.3.0-A-card-that-is-none-8.7.cache"


def test_timings_that_cannot_be_kept_are_said_and_no_error(binding, here, store, tmp_path, caplog):
    (tmp_path / "timings").write_text("in the way")
    TimingCache.of(binding, here).write(b"timed")

    assert len(caplog.records) == 1


def test_progress_is_one_line_for_each_step_of_the_outermost_phase(caplog):
    caplog.set_level(logging.INFO)
    progress = LoggedProgress("texts")
    for step in (
        ("build", 0, 2),
        ("tune", 0, 50),
        ("tune", 1, 50),
        ("build", 1, 2),
        ("build", 2, 2),
    ):
        progress(*step)

    said = [record.message for record in caplog.records]
    assert said == ["texts: built 0 of 2", "texts: built 1 of 2", "texts: built 2 of 2"]


def test_a_binding_that_is_too_old_is_refused(fakes, monkeypatch):
    monkeypatch.setattr(
        "engines.backends.tensorrt_binding.import_module", lambda name: fakes.module("8.6.1")
    )

    with pytest.raises(EngineError, match=r"expected 10\.3 or newer, got 8\.6\.1"):
        find_binding()


def test_without_a_binding_the_remedy_is_named(monkeypatch):
    def absent(name):
        msg = f"No module named {name!r}"
        raise ModuleNotFoundError(msg)

    monkeypatch.setattr("engines.backends.tensorrt_binding.import_module", absent)

    with pytest.raises(EngineError, match=r"No module named 'tensorrt'.*`pip install 'subface"):
        find_binding()


def test_where_tensorrt_is_a_stub_rtx_is_taken(monkeypatch):
    real = tensorrt_backend.import_module

    def stub(name):
        if name == "tensorrt":
            msg = "libnvinfer.so.10: cannot open shared object file"
            raise ImportError(msg)
        return real(name)

    monkeypatch.setattr("engines.backends.tensorrt_binding.import_module", stub)

    assert find_binding().name == "tensorrt_rtx"


def test_a_card_that_rtx_does_not_know_is_refused_by_name():
    rtx = find_binding()

    rtx.require_card("NVIDIA GeForce RTX 4090", "8.9")
    with pytest.raises(EngineError, match=r"got NVIDIA H100 of SM90; TensorRT itself or backend"):
        rtx.require_card("NVIDIA H100", "9.0")
