"""Interviews varied as a live run varies them, each a pure function of what it is given.

They act on the raw interview, before its keypoints are normalised, so that a lost frame makes a
longer offset after it, as it does live. All that is random comes from the generator, so an epoch
that is run again sees the same.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray

from engines.spec.skeleton import MIRROR
from engines.spec.timegrid import TimeGrid
from training.interview import Interview
from training.learning.recipe import AugmentRecipe

PACE_S: Final = 30.0
"""The pace changes so slowly."""
LOST_TICKS: Final = 3.0
"""The mean length of a run of lost ticks."""


def augmented(
    interview: Interview, recipe: AugmentRecipe, random: np.random.Generator
) -> Interview:
    """Return an interview varied in all ways that a recipe states."""
    if random.uniform() < recipe.mirror:
        interview = mirrored(interview)
    if recipe.warp:
        interview = warped(interview, recipe.warp, random)
    if recipe.points:
        interview = without_points(interview, recipe.points, random)
    if recipe.ticks:
        interview = without_ticks(interview, recipe.ticks, random)
    if recipe.words_s:
        interview = with_later_words(interview, recipe.words_s, random)
    if len(interview.notes) and random.uniform() < recipe.reasoning:
        interview = without_notes(interview)
    return interview


def mirrored(interview: Interview) -> Interview:
    """Return the person as in a mirror: x turned, left and right points changed for each other.

    x is turned about 0, which normalisation does not see. An appearance vector stays as it is: the
    mirror image's is not known.
    """
    keypoints = interview.keypoints[:, MIRROR] * np.array([-1, 1, 1], np.float32)
    return replace(interview, keypoints=keypoints)


def warped(interview: Interview, most: float, random: np.random.Generator) -> Interview:
    """Return the interview slower and faster, on the same grid.

    As with another frame rate: what falls on one tick with a later frame is lost, and between
    frames that are far apart ticks are empty.

    Args:
        interview: To be varied.
        most: By how much of its pace, at most.
        random: Draws the pace, which wanders.
    """
    start_s, end_s = interview.time_s[0], interview.time_s[-1]
    knots_s = np.arange(start_s, end_s + 2 * PACE_S, PACE_S)
    paces = np.exp(random.uniform(-1, 1, size=len(knots_s)) * np.log1p(most))
    passed_s = np.cumsum((paces[1:] + paces[:-1]) / 2 * PACE_S)
    new_s = start_s + np.concatenate([[0.0], passed_s])
    time_s = np.interp(interview.time_s, knots_s, new_s)
    known_s = np.interp(interview.text_available_s, knots_s, new_s)
    noted_s = np.interp(interview.notes_available_s, knots_s, new_s)
    return _on_grid(
        replace(interview, time_s=time_s, text_available_s=known_s, notes_available_s=noted_s)
    )


def without_points(interview: Interview, share: float, random: np.random.Generator) -> Interview:
    """Return the interview with points missing, each of each tick by itself."""
    kept = random.random(interview.keypoints.shape[:2], dtype=np.float32) >= share
    return replace(interview, keypoints=interview.keypoints * kept[:, :, None])


def without_ticks(interview: Interview, share: float, random: np.random.Generator) -> Interview:
    """Return the interview with pictures missing in runs, as where a machine could not keep up."""
    kept = ~_runs(len(interview), share, random)
    return replace(
        interview,
        keypoints=interview.keypoints * kept[:, None, None],
        keypoints_valid=interview.keypoints_valid & kept,
        appearance=interview.appearance * kept[:, None],
        appearance_valid=interview.appearance_valid & kept,
    )


def with_later_words(interview: Interview, most_s: float, random: np.random.Generator) -> Interview:
    """Return the interview with every text known somewhat later; their order stays."""
    later_s = random.uniform(0, most_s, size=len(interview.text))
    known_s = np.maximum.accumulate(interview.text_available_s + later_s)
    return replace(interview, text_available_s=known_s)


def without_notes(interview: Interview) -> Interview:
    """Return the interview without what a teacher noted of it."""
    return replace(interview, notes=interview.notes[:0], notes_available_s=np.zeros(0))


def _on_grid(interview: Interview) -> Interview:
    """Return an interview whose times were moved, its frames on the ticks that they now fall on."""
    grid = TimeGrid(interview.grid_hz)
    places = np.array([grid.tick(time_s) for time_s in interview.time_s.tolist()], np.int64)
    first = int(places[0])
    ticks = int(places[-1] - first) + 1
    # the last frame of a tick stands for it, as live
    rows: Int64[ndarray, " T"] = np.full(ticks, -1, np.int64)
    rows[places - first] = np.arange(len(places))
    filled = rows >= 0
    before = np.maximum.accumulate(np.where(filled, np.arange(ticks), 0))
    begins_s = np.array([grid.start_s(first + tick) for tick in range(ticks)])
    rows = rows[before]
    return replace(
        interview,
        time_s=np.where(filled, interview.time_s[rows], begins_s),
        shot=interview.shot[rows],
        keypoints=interview.keypoints[rows] * filled[:, None, None],
        keypoints_valid=interview.keypoints_valid[rows] & filled,
        appearance=interview.appearance[rows] * filled[:, None],
        appearance_valid=interview.appearance_valid[rows] & filled,
    )


def _runs(ticks: int, share: float, random: np.random.Generator) -> Bool[ndarray, " T"]:
    """Return the ticks of runs that make up a share of all, on average."""
    ends = 1 / LOST_TICKS
    begins = ends * share / (1 - share)
    draws: Float64[ndarray, " T"] = random.uniform(size=ticks)
    lost = np.zeros(ticks, np.bool_)
    now = bool(random.uniform() < share)
    for tick, draw in enumerate(draws.tolist()):
        now = draw >= ends if now else draw < begins
        lost[tick] = now
    return lost
