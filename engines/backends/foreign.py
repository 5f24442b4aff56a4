"""Which stored plans this machine cannot use: those of another runtime, processor or card."""

from functools import cache
from importlib import import_module

from engines.backends.tensorrt_backend import cuda_runtime
from engines.backends.tensorrt_binding import Binding
from engines.cuda.calls import Cuda
from engines.cuda.card import find_card
from engines.errors import SubfaceError
from engines.plans.identity import PlanIdentity, Processor
from engines.plans.machine import this_processor


def foreign(identity: PlanIdentity) -> str | None:
    """Say why a plan is not for this machine as it is now; None if it is.

    A plan for a card is held against the cards that are there; where that cannot be asked, it is
    not for this machine.
    """
    if identity.runtime == "openvino":
        version, devices, driver_major = _openvino()
    else:
        try:
            version, devices, driver_major = _cards(identity.runtime)
        except (ImportError, SubfaceError) as error:
            return f"{identity.runtime} cannot be used here: {str(error).partition(';')[0]}"
    if identity.runtime_version != version:
        return f"made by {identity.runtime} {identity.runtime_version}, here is {version}"
    if identity.device not in devices:
        return f"made for {identity.device.name}"
    if identity.driver_major != driver_major:
        return f"made with driver {identity.driver_major}, here is {driver_major}"
    return None


@cache
def _openvino() -> tuple[str, tuple[Processor, ...], int | None]:
    return import_module("openvino").__version__, (this_processor(),), None


@cache
def _cards(runtime: str) -> tuple[str, tuple[Processor, ...], int | None]:
    binding = Binding(import_module(runtime))
    cuda = Cuda(cuda_runtime())
    cards = [find_card(cuda, f"cuda:{index}") for index in range(cuda.cards())]
    driver_major = cards[0].driver_major if cards else None
    return binding.version, tuple(card.processor for card in cards), driver_major
