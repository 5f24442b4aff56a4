"""Keypoints as the network takes them: where a person sits and how near, taken away, causally.

Everything here looks back only. The scale is a slow running one, so that somebody who turns does
not appear to grow, and what is learned of it later rescales nothing that was encoded before.
Offsets are movements in the picture and not against the shoulders: a shrug or a sway moves the
shoulders themselves, and would otherwise show nowhere. One function serves a single tick and a
whole interview, and gives the same bits for both.
"""

from dataclasses import replace
from math import log
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from numpy import ndarray

from engines.sequence.keypoint_state import KeypointState
from engines.spec.skeleton import LEFT_SHOULDER, POINTS, RIGHT_SHOULDER

FEATURES: Final = 5
"""x, y in shoulder widths from the middle of the shoulders; confidence; dx, dy per second."""

SCALE_HALF_LIFE_S: Final = 15.0
SCALE_STRETCH: Final = 1.5
"""One tick counts for no more and no less than so many times the running width."""
LONGEST_STEP_S: Final = 0.25
"""The first sighting, and one after a pause, weigh as if they had lasted so long."""
MIN_SHOULDERS_PX: Final = 4.0  # below this the person is too small, or seen edge-on, to scale by

ORIGIN_KEEP_S: Final = 2.0
"""So long the shoulders are taken to be where they were last seen."""
OFFSET_KEEP_S: Final = 0.5
"""A point last seen longer ago has moved by nobody knows which way: its offset is zero."""

FARTHEST: Final = 8.0
"""Coordinates end here, in shoulder widths: what lies beyond is a mistaken point."""
FASTEST: Final = 20.0
"""Offsets end here, in shoulder widths a second: what is faster has jumped."""


def normalize(
    keypoints: Float32[ndarray, "T 137 3"],
    *,
    time_s: Float64[ndarray, " T"],
    shot: Int64[ndarray, " T"],
    valid: Bool[ndarray, " T"],
    state: KeypointState,
) -> tuple[Float32[ndarray, "T 137 5"], Bool[ndarray, " T"], KeypointState]:
    """Turn raw keypoints into features.

    A cut ends offsets and the remembered origin; the scale stays.

    Args:
        keypoints: (x, y, score) in pixels of the frame; score 0 marks a missing point.
        time_s: Media time of the frame on each tick, rising.
        shot: The shot that it belongs to.
        valid: False for the ticks without keypoints; what stands there does not matter.
        state: As returned for the ticks before these.

    Returns:
        The features, zero for a missing point and on a tick outside the mask; a mask that is True
        where the middle of the shoulders and the scale were known; the state after the last tick.

    Raises:
        ValueError: If a seen point is not finite, or time does not rise.
    """
    rows = np.flatnonzero(valid)
    features = np.zeros((len(valid), POINTS, FEATURES), np.float32)
    known = np.zeros(len(valid), dtype=np.bool_)
    if len(rows):
        features[rows], known[rows], state = _seen_rows(
            keypoints[rows], time_s[rows], shot[rows], state
        )
    return features, known, state


def normalize_tick(
    keypoints: Float32[ndarray, "137 3"], *, time_s: float, shot: int, state: KeypointState
) -> tuple[Float32[ndarray, "137 5"] | None, KeypointState]:
    """Turn the raw keypoints of one tick into features, as ``normalize`` does.

    Returns:
        The features, or None where the middle of the shoulders or the scale is not known; the state
        after the tick.

    Raises:
        ValueError: As ``normalize``.
    """
    features, known, state = normalize(
        keypoints[None],
        time_s=np.array([time_s], dtype=np.float64),
        shot=np.array([shot], dtype=np.int64),
        valid=np.ones(1, dtype=np.bool_),
        state=state,
    )
    return (features[0] if known[0] else None), state


def _seen_rows(
    keypoints: Float32[ndarray, "T 137 3"],
    time_s: Float64[ndarray, " T"],
    shot: Int64[ndarray, " T"],
    state: KeypointState,
) -> tuple[Float32[ndarray, "T 137 5"], Bool[ndarray, " T"], KeypointState]:
    _check(keypoints, time_s, state)
    seen = keypoints[:, :, 2] > 0
    points_px = np.where(seen[:, :, None], keypoints[:, :, :2], 0).astype(np.float64)
    # row 0 is the state, so that the first tick looks back like any other
    shots = np.concatenate([[state.shot], shot])
    began = _last(np.concatenate([[True], shots[1:] != shots[:-1]]))

    origin_px, origin_s, shoulders_px = _shoulders(points_px, seen, time_s, began, state)
    scale_px, weight_s, scaled_s = _scales(shoulders_px, time_s, state)
    offsets_px, points_s, last_px = _offsets(points_px, seen, time_s, began, state)

    known = (time_s - origin_s[1:] <= ORIGIN_KEEP_S) & (scale_px > 0)
    unit_px = np.where(known, scale_px, 1)[:, None, None]
    places = np.clip((points_px - origin_px[1:, None]) / unit_px, -FARTHEST, FARTHEST)
    speeds = np.clip(offsets_px / unit_px, -FASTEST, FASTEST)
    features = np.concatenate([places, keypoints[:, :, 2:], speeds], axis=2)
    features = np.where((seen & known[:, None])[:, :, None], features, 0).astype(np.float32)
    after = replace(
        state,
        time_s=float(time_s[-1]),
        shot=int(shot[-1]),
        scale_px=float(scale_px[-1]),
        weight_s=weight_s,
        scaled_s=scaled_s,
        origin_px=origin_px[-1],
        origin_s=float(origin_s[-1]),
        points_px=last_px,
        points_s=points_s,
    )
    return features, known, after


def _check(
    keypoints: Float32[ndarray, "T 137 3"], time_s: Float64[ndarray, " T"], state: KeypointState
) -> None:
    finite = np.isfinite(keypoints).all(axis=2) | (keypoints[:, :, 2] <= 0)
    if not finite.all():
        row, point = np.argwhere(~finite)[0]
        msg = (
            f"keypoint {point} at {time_s[row]:.3f} s is {keypoints[row, point].tolist()}; "
            "expected finite numbers, or score 0 where it is missing"
        )
        raise ValueError(msg)
    times_s = np.concatenate([[state.time_s], time_s])
    falls = np.flatnonzero(np.diff(times_s) <= 0)
    if len(falls):
        before, after = times_s[falls[0] : falls[0] + 2]
        msg = f"keypoints at {after:.3f} s come after those at {before:.3f} s; time must rise"
        raise ValueError(msg)


def _last(true: Bool[ndarray, "T ..."]) -> Int64[ndarray, "T ..."]:
    """Return, of each row, the last row up to it that is True; row 0 where none is."""
    rows = np.arange(len(true)).reshape(-1, *[1] * (true.ndim - 1))
    return np.maximum.accumulate(np.where(true, rows, 0), axis=0)


def _shoulders(
    points_px: Float64[ndarray, "T 137 2"],
    seen: Bool[ndarray, "T 137"],
    time_s: Float64[ndarray, " T"],
    began: Int64[ndarray, " U"],
    state: KeypointState,
) -> tuple[Float64[ndarray, "U 2"], Float64[ndarray, " U"], Float64[ndarray, " T"]]:
    """Return where the origin is and since when, with the state's first, and the widths."""
    both = seen[:, LEFT_SHOULDER] & seen[:, RIGHT_SHOULDER]
    left_px, right_px = points_px[:, LEFT_SHOULDER], points_px[:, RIGHT_SHOULDER]
    span_px = left_px - right_px
    width_px = np.sqrt((span_px * span_px).sum(axis=1))
    last = _last(np.concatenate([[True], both]))
    middle_px = np.concatenate([state.origin_px[None], (left_px + right_px) / 2])[last]
    middle_s = np.concatenate([[state.origin_s], time_s])[last]
    usable_px = np.where(both & (width_px >= MIN_SHOULDERS_PX), width_px, 0)
    return middle_px, np.where(last >= began, middle_s, -np.inf), usable_px


def _scales(
    widths_px: Float64[ndarray, " T"], time_s: Float64[ndarray, " T"], state: KeypointState
) -> tuple[Float64[ndarray, " T"], float, float]:
    """Follow the shoulder width: a running mean first, an exponential one in the long run."""
    constant_s = SCALE_HALF_LIFE_S / log(2)
    scale_px, weight_s, scaled_s = state.scale_px, state.weight_s, state.scaled_s
    scales_px = np.empty(len(widths_px))
    for row, (width_px, now_s) in enumerate(zip(widths_px.tolist(), time_s.tolist(), strict=True)):
        if width_px > 0:
            step_s = min(now_s - scaled_s, LONGEST_STEP_S)
            weight_s = min(weight_s + step_s, constant_s)
            if scale_px == 0:
                scale_px = width_px
            limited_px = min(max(width_px, scale_px / SCALE_STRETCH), scale_px * SCALE_STRETCH)
            scale_px += (limited_px - scale_px) * (step_s / weight_s)
            scaled_s = now_s
        scales_px[row] = scale_px
    return scales_px, weight_s, scaled_s


def _offsets(
    points_px: Float64[ndarray, "T 137 2"],
    seen: Bool[ndarray, "T 137"],
    time_s: Float64[ndarray, " T"],
    began: Int64[ndarray, " U"],
    state: KeypointState,
) -> tuple[Float64[ndarray, "T 137 2"], Float64[ndarray, " 137"], Float64[ndarray, "137 2"]]:
    """Return each point's pixels a second since it was last seen, and the last sightings."""
    last = _last(np.concatenate([np.ones((1, POINTS), dtype=np.bool_), seen]))
    points = np.arange(POINTS)
    all_px = np.concatenate([state.points_px[None], points_px])
    all_s = np.concatenate([state.points_s[None], np.repeat(time_s[:, None], POINTS, axis=1)])
    before = last[:-1]
    elapsed_s = time_s[:, None] - all_s[before, points]
    known = seen & (elapsed_s <= OFFSET_KEEP_S) & (before >= began[1:, None])
    moved_px = points_px - all_px[before, points]
    offsets_px = np.where(
        known[:, :, None], moved_px / np.where(known, elapsed_s, 1)[:, :, None], 0
    )
    newest = last[-1]
    points_s = np.where(newest >= began[-1], all_s[newest, points], -np.inf)
    return offsets_px, points_s, all_px[newest, points]
