"""What each engine of a run truly is: runtime, device, arithmetic, and what admitted it.

The door by which every graph is opened asks ``choose`` for file and arithmetic; it is asked here
the same for the same graphs, so that nothing has to be told through the processes that open them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import ClassVar, Final

from engines.config import RuntimeConfig, SpeechConfig
from engines.errors import EngineError, ModelError
from engines.models.store import ModelStore, sha256
from engines.plans.store import PlanStore
from engines.sequence.checkpoint import FUSION, Checkpoint, step_graph
from engines.spec.wire import CLOSED
from engines.variants.choice import choose
from stream.bench.quantity import Quantity
from stream.config import Profile
from stream.listening import has_words

NO_PLAN: Final = "not available: compiled from the graph at each start (`subface engines build`)"
OWN_RUNTIME: Final = "it has a runtime of its own, and no plan"
SPEECH: Final = "speech "
PACKAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "openvino": ("openvino",),
    "onnxruntime": ("onnxruntime-gpu", "onnxruntime"),
    "torch": ("torch",),
    "tensorrt": ("tensorrt", "tensorrt-rtx-cu13", "tensorrt-rtx-cu12"),
    "ctranslate2": ("ctranslate2",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSetup:
    """One engine as it was opened."""

    __pydantic_config__: ClassVar = CLOSED

    engine: str
    runtime: str
    """Its name and version."""
    device: str
    precision: str
    """The arithmetic that it was given, which may be less fast than what the profile allows."""
    why: str
    """One line: what was asked for, or the gate's verdict with its numbers."""
    build_s: Quantity
    """How long its plan took to be compiled, where one is stored."""


def setups(
    profile: Profile,
    store: ModelStore,
    checkpoint: Checkpoint | None,
    engines: Iterable[str],
    *,
    card: bool,
) -> tuple[EngineSetup, ...]:
    """Return what the engines of a run are.

    Args:
        profile: Of the run.
        store: Where the models are.
        checkpoint: The network that fuses; None if none does.
        engines: As the meters call them.
        card: Whether the machine has one.
    """
    runtime = profile.perception.runtime
    device = _device(runtime, card=card)
    graphs = _graphs(profile, store, checkpoint)
    built_s = _built_s()
    found = []
    for name in engines:
        if name.startswith(SPEECH):
            found.append(_heard(name, profile.speech))
        elif name in graphs:
            choice = choose(graphs[name], runtime.precision, backend=runtime.backend)
            seconds = built_s.get((sha256(choice.path), runtime.backend))
            found.append(
                EngineSetup(
                    engine=name,
                    runtime=f"{runtime.backend} {_version(runtime.backend)}",
                    device=device,
                    precision=choice.precision,
                    why=choice.why,
                    build_s=(
                        Quantity.absent(NO_PLAN, "s")
                        if seconds is None
                        else Quantity.of(seconds, "s")
                    ),
                )
            )
    return tuple(found)


def build_s(engines: Iterable[EngineSetup]) -> Quantity:
    """Return how long all plans of a run took to be compiled; absent if one has none."""
    own = [engine for engine in engines if engine.build_s.missing != OWN_RUNTIME]
    lacking = [engine.engine for engine in own if engine.build_s.value is None]
    if lacking:
        why = f"not available: {len(lacking)} of {len(own)} graphs are compiled at each start, "
        return Quantity.absent(f"{why}which 'engines open' holds", "s")
    return Quantity.of(sum(engine.build_s.value or 0.0 for engine in own), "s")


def _graphs(
    profile: Profile, store: ModelStore, checkpoint: Checkpoint | None
) -> Mapping[str, Path]:
    """Return where the graphs are, by the engine's name: models, and parts of the network."""
    models = {*profile.perception.models(), *(profile.text.models() if has_words(profile) else ())}
    found = {name: store.path(name) for name in models}
    if checkpoint is None:
        return found
    steps = (step_graph(name) for name in checkpoint.description.shape.branches)
    files = [file for file in (*steps, FUSION) if file in checkpoint.description.files]
    return found | {Path(file).stem: checkpoint.file(file) for file in files}


def _built_s() -> dict[tuple[str, str], float]:
    """Return how long the stored plans took, by the graph's digest and the runtime."""
    try:
        entries = PlanStore().entries()
    except (EngineError, ModelError):
        return {}
    sidecars = [entry.sidecar for entry in entries if entry.sidecar and entry.fault is None]
    return {(one.identity.graph, one.identity.runtime): one.built_s for one in sidecars}


def _heard(name: str, speech: SpeechConfig) -> EngineSetup:
    """Return an engine of the recogniser's process, which the gate has nothing to do with."""
    is_voice = name.endswith("voice")
    package = "onnxruntime" if is_voice else "ctranslate2"
    usual = "float16" if speech.device == "cuda" else "int8"
    return EngineSetup(
        engine=name,
        runtime=f"{package} {_version(package)}",
        device="cpu" if is_voice else speech.device,
        precision="f32" if is_voice else speech.precision or usual,
        why="its only arithmetic" if is_voice else "speech.precision; its gate is the error rate",
        build_s=Quantity.absent(OWN_RUNTIME, "s"),
    )


def _device(runtime: RuntimeConfig, *, card: bool) -> str:
    if runtime.device != "auto":
        return runtime.device
    on_card = runtime.backend == "tensorrt" or (runtime.backend == "torch" and card)
    return "cuda:0" if on_card else "cpu"


def _version(runtime: str) -> str:
    for package in PACKAGES[runtime]:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "of unknown version"
