"""What a body costs: parameters, operations and CPU time a tick."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from engines.networks.keypoint_mlp import CONFIDENCE
from training.skeletons.joint_features import JOINT_FEATURES
from training.skeletons.skeleton_network import Body, make_body

TIMED: Final = 300
WARMED: Final = 30
PASS_TICKS: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyCost:
    """Of one body, without the encoder.

    Attributes:
        parameters: Weights.
        looks_at: Ticks that a token looks at.
        pass_macs: Multiplications and additions a tick, over a history.
        step_macs: The same where one tick comes at a time, and those before are looked at again.
        step_us: CPU time of such a step on one thread, the median.
        n: Steps that were timed.
    """

    parameters: int
    looks_at: int
    pass_macs: int
    step_macs: int
    step_us: float
    n: int


def measure(body: Body, *, joints: int, edges: Sequence[tuple[int, int]]) -> BodyCost:
    """Measure a body in PyTorch, f32."""
    network = make_body(body, joints=joints, edges=edges).eval()
    ticks = int(network.ticks)
    with torch.no_grad():
        macs = [_macs(network, length, joints) for length in (ticks, PASS_TICKS)]
        times_s = _times_s(network, ticks, joints)
    return BodyCost(
        parameters=sum(weight.numel() for weight in network.parameters()),
        looks_at=ticks,
        pass_macs=macs[1] // PASS_TICKS,
        step_macs=macs[0],
        step_us=round(float(np.median(times_s)) * 1e6, 1),
        n=TIMED,
    )


def _times_s(network: torch.nn.Module, ticks: int, joints: int) -> list[float]:
    points, valid = _points(ticks, joints)
    times_s = []
    for _ in range(WARMED + TIMED):
        begun_s = time.thread_time()
        network(points, valid)
        times_s.append(time.thread_time() - begun_s)
    return times_s[WARMED:]


def _macs(network: torch.nn.Module, ticks: int, joints: int) -> int:
    with FlopCounterMode(display=False) as counter:
        network(*_points(ticks, joints))
    return int(counter.get_total_flops()) // 2


def _points(ticks: int, joints: int) -> tuple[torch.Tensor, torch.Tensor]:
    points = torch.randn((1, ticks, joints, JOINT_FEATURES))
    points[..., CONFIDENCE] = 1.0
    return points, torch.ones((1, ticks), dtype=torch.bool)
