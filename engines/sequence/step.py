"""One person in one branch, tick by tick: what a reading of the whole interview rests on.

A tick with data costs one run of the step graph; a tick without costs nothing, and is seen by
nobody, exactly as in the banded batch over the whole history. That batch is what the steps are
equal to; the last W ticks computed anew are another function, since the network looks back W ticks
in each of its layers.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.engine import Engine, KeptInput, keep
from engines.errors import EngineError
from engines.sequence.pooling import NewestToken, RunningPooling
from engines.sequence.ring import KEPT, SLOTS_AXIS, Ring
from engines.sequence.rotary import rotary
from engines.spec.tensors import EngineSpec, TensorSpec

# what the tensors of the graphs are called
FEATURES: Final = "features"
SEEN: Final = "seen"
VALID: Final = "valid"
TURN: Final = ("cos", "sin")
RING: Final = ("bias", "keys", "values")
TOKEN: Final = "token"  # noqa: S105 (of a sequence)
SCORES: Final = "scores"
NEW: Final = ("key", "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShape:
    """What a step graph is, read off the graph.

    Attributes:
        features: The shape of one tick's features.
        ticks: How many ticks the body looks at, the own among them.
        width: Of a token.
        looks: How many weighted means the pooling keeps; 0 if it keeps the newest token.
        layers: Of the temporal encoder; 0 if the branch has none.
        heads: Of a layer.
        slots: Of the ring: the band's ticks less one.
        head_width: Of one head.
    """

    features: tuple[int, ...]
    ticks: int
    width: int
    looks: int
    layers: int
    heads: int
    slots: int
    head_width: int

    @classmethod
    def of(cls, spec: EngineSpec) -> Self:
        """Read the shape.

        Raises:
            EngineError: If this is no step graph.
        """
        features = _extents(spec.inputs, FEATURES)
        attends = any(tensor.name == SCORES for tensor in spec.outputs)
        has_ring = any(tensor.name == "keys" for tensor in spec.inputs)
        ring = _extents(spec.inputs, "keys") if has_ring else (0, 0, 0, 0)
        layers, heads, slots, head_width = ring
        return cls(
            features=features[1:],
            ticks=features[0],
            width=_extents(spec.outputs, TOKEN)[1],
            looks=_extents(spec.outputs, SCORES)[1] if attends else 0,
            layers=layers,
            heads=heads,
            slots=slots,
            head_width=head_width,
        )


class BranchState:
    """The rolling state of one branch.

    Args:
        engine: The step graph; one serves all persons.
        grid_hz: The grid's rate.

    Raises:
        EngineError: If it is no step graph.
    """

    def __init__(self, engine: Engine, *, grid_hz: float) -> None:
        shape = StepShape.of(engine.spec)
        self._engine = engine
        self._grid_hz = grid_hz
        self._shape = shape
        self._newest: int | None = None
        self._last: int | None = None  # of the ticks that the body looks at
        self._recent = np.zeros((shape.ticks, *shape.features), np.float32)
        self._seen = np.zeros(shape.ticks, np.float32)
        self._ring = (
            Ring(
                layers=shape.layers,
                heads=shape.heads,
                slots=shape.slots,
                width=shape.head_width,
            )
            if shape.layers
            else None
        )
        self._kept = self._kept_by(engine)
        self._pooling = (
            RunningPooling(looks=shape.looks, width=shape.width)
            if shape.looks
            else NewestToken(width=shape.width)
        )

    @property
    def newest(self) -> int | None:
        """The last tick that held data; None if none did."""
        return self._newest

    def step(self, tick: int, features: Float32[ndarray, "..."]) -> Float32[ndarray, " D"]:
        """Take a tick's features and return its token.

        Args:
            tick: Its absolute place on the grid; the ticks between it and the last hold no data.
            features: Of the shape that the branch was trained on.

        Raises:
            ValueError: If the tick is not after the last, or a feature is not finite.
            EngineError: If the network makes of it what is no number.
        """
        if self._newest is not None and tick <= self._newest:
            msg = f"tick {tick} comes after tick {self._newest}; ticks must rise"
            raise ValueError(msg)
        if features.shape != self._shape.features:
            msg = f"features: expected {list(self._shape.features)}, got {list(features.shape)}"
            raise ValueError(msg)
        if not np.isfinite(features).all():
            msg = f"features of tick {tick}: expected finite numbers; mask the tick instead"
            raise ValueError(msg)
        self._remember(tick, features)
        try:
            made = self._engine.run(self._batch(tick))
        except EngineError:  # whoever goes on with another engine never saw this tick
            self._recent[-1], self._seen[-1] = 0, 0
            raise
        token: Float32[ndarray, " D"] = made[TOKEN][0]
        scores = made[SCORES][0] if self._shape.looks else token[:0]
        if not (np.isfinite(token).all() and np.isfinite(scores).all()):
            msg = f"tick {tick}: the step graph made a token that is not finite; are its weights?"
            raise EngineError(msg)
        if self._ring is not None:
            slot = self._ring.store(tick, made["key"], made["value"])
            for kept in self._kept:
                kept.wrote(slot)
        self._pooling.add(token, scores)
        self._newest = tick
        return token

    def pooled(self) -> Float32[ndarray, "P D"]:
        """Return what fusion takes of this branch; zero while no tick held data."""
        return self._pooling.pooled()

    def move(self, engine: Engine) -> None:
        """Go on with another engine of the same graph: what one kept is built anew from here."""
        self._engine = engine
        self._kept = self._kept_by(engine)

    def _kept_by(self, engine: Engine) -> tuple[KeptInput, ...]:
        """Let an engine keep the ring if it does such a thing."""
        if self._ring is None:
            return ()
        rings = {"keys": self._ring.keys, "values": self._ring.values}
        copies = (keep(engine, name, rings[name], axis=SLOTS_AXIS) for name in KEPT)
        return tuple(copy for copy in copies if copy is not None)

    def _remember(self, tick: int, features: Float32[ndarray, "..."]) -> None:
        """Move the ticks that the body looks at, leaving the empty ones between empty."""
        ticks = self._shape.ticks
        passed = ticks if self._last is None else min(tick - self._last, ticks)
        self._last = tick
        if passed < ticks:
            self._recent[:-passed] = self._recent[passed:].copy()
            self._seen[:-passed] = self._seen[passed:].copy()
        self._recent[-passed:], self._seen[-passed:] = 0, 0
        self._recent[-1], self._seen[-1] = features, 1

    def _batch(self, tick: int) -> dict[str, Float32[ndarray, "..."]]:
        batch = {FEATURES: self._recent}
        if self._shape.ticks > 1:
            batch[SEEN] = self._seen
        if self._ring is not None:
            self._ring.advance(tick)
            turn = rotary(np.array([tick]), grid_hz=self._grid_hz, width=self._shape.head_width)
            ring = self._ring.bias, self._ring.keys, self._ring.values
            batch |= dict(zip(TURN, turn, strict=True)) | dict(zip(RING, ring, strict=True))
        return batch


def _extents(tensors: tuple[TensorSpec, ...], name: str) -> tuple[int, ...]:
    """Return the fixed shape of a tensor."""
    for tensor in tensors:
        if tensor.name == name and None not in tensor.shape:
            return tuple(extent for extent in tensor.shape if extent is not None)
    has = ", ".join(f"{tensor.name} {list(tensor.shape)}" for tensor in tensors)
    msg = f"step graph: expected {name!r} with a fixed shape, got {has}; is it a batch graph?"
    raise EngineError(msg)
