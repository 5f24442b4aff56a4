"""One-to-one assignment of the least total cost: who gets which face.

The Hungarian method in its shortest-augmenting-path form (Jonker and Volgenant, 1987): a scene
holds a handful of people, and scipy would bring 110 MB for it.
"""

import math

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray


def assign(cost: Float[ndarray, "N M"]) -> list[int | None]:
    """Give each row at most one column and each column at most one row.

    As many rows as possible get a column; among such assignments the total cost is the least.

    Args:
        cost: Finite and not negative, or infinite where the pair is forbidden.

    Returns:
        For each row its column, or None.
    """
    rows, columns = cost.shape
    # a forbidden pair costs more than any assignment without one
    forbidden = 1.0 + 2.0 * float(cost[np.isfinite(cost)].sum())
    side = max(rows, columns)
    square = np.full((side, side), forbidden)
    square[:rows, :columns] = np.where(np.isfinite(cost), cost, forbidden)
    chosen = _least_cost(square).tolist()
    return [
        column if column < columns and math.isfinite(cost[row, column]) else None
        for row, column in enumerate(chosen[:rows])
    ]


def _least_cost(cost: Float[ndarray, "S S"]) -> Int[ndarray, " S"]:
    """Return the column of each row; in here row 0 and column 0 stand for none."""
    side = len(cost)
    row_price, column_price = np.zeros(side + 1), np.zeros(side + 1)
    row_of = np.zeros(side + 1, dtype=int)
    for row in range(1, side + 1):
        came_from = np.zeros(side + 1, dtype=int)
        slack = np.full(side + 1, np.inf)
        unvisited = np.ones(side + 1, dtype=bool)
        row_of[0], column = row, 0
        while row_of[column]:
            unvisited[column] = False
            here = row_of[column]
            reduced = np.concatenate([[np.inf], cost[here - 1] - row_price[here]]) - column_price
            better = unvisited & (reduced < slack)
            slack[better], came_from[better] = reduced[better], column
            column = int(np.argmin(np.where(unvisited, slack, np.inf)))
            step = slack[column]
            row_price[row_of[~unvisited]] += step
            column_price[~unvisited] -= step
            slack[unvisited] -= step
        while column:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    chosen = np.empty(side, dtype=int)
    chosen[row_of[1:] - 1] = np.arange(side)
    return chosen
