from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engines.perception.assignment import assign

costs = st.tuples(st.integers(0, 5), st.integers(0, 5)).flatmap(
    lambda shape: arrays(
        float, shape, elements=st.one_of(st.just(np.inf), st.integers(0, 20).map(float))
    )
)


def best_by_trying_all(cost):
    """The most pairs, and the least cost with so many."""
    rows, columns = cost.shape
    places = [*range(columns), *([None] * rows)]
    outcomes = set()
    for choice in set(permutations(places, rows)):
        pairs = [cost[row, column] for row, column in enumerate(choice) if column is not None]
        if np.isfinite(pairs).all():
            outcomes.add((-len(pairs), sum(pairs)))
    return min(outcomes)


@settings(max_examples=60, deadline=None)
@given(costs.filter(lambda cost: cost.shape[0] <= 4 and cost.shape[1] <= 4))
def test_as_many_as_possible_are_assigned_at_the_least_cost(cost):
    chosen = assign(cost)
    pairs = [(row, column) for row, column in enumerate(chosen) if column is not None]

    assert len({column for _, column in pairs}) == len(pairs)
    assert (-len(pairs), sum(cost[pair] for pair in pairs)) == best_by_trying_all(cost)


@given(costs)
def test_every_row_is_answered_and_no_forbidden_pair_is_made(cost):
    chosen = assign(cost)

    assert len(chosen) == len(cost)
    assert all(np.isfinite(cost[row, col]) for row, col in enumerate(chosen) if col is not None)


def test_the_nearest_gives_way_where_otherwise_somebody_goes_without():
    # both could take face 0; only the first could take face 1
    assert assign(np.array([[0.1, 0.4], [0.2, np.inf]])) == [1, 0]


def test_nobody_or_nothing_to_assign_is_no_error():
    assert assign(np.zeros((0, 3))) == []
    assert assign(np.zeros((2, 0))) == [None, None]
