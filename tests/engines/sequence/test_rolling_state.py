import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.errors import EngineError
from engines.sequence.pooling import NewestToken, RunningPooling
from engines.sequence.ring import Ring
from engines.sequence.rotary import rotary
from engines.sequence.step import BranchState
from engines.spec.tensors import EngineSpec, TensorSpec

BAND = 6


def tensor(name, *shape):
    return TensorSpec(name, shape, np.float32)


def step_spec(*, slots=BAND - 1, ticks=1, looks=1, layers=1):
    ring = layers, 1, slots, 4
    state = [tensor("cos", 1, 2), tensor("sin", 1, 2), tensor("bias", 1, slots)]
    state += [tensor("keys", *ring), tensor("values", *ring)]
    seen = [tensor("seen", ticks)] if ticks > 1 else []
    new = [tensor("key", layers, 1, 4), tensor("value", layers, 1, 4)]
    scores = [tensor("scores", 1, looks)] if looks else []
    return EngineSpec(
        (tensor("features", ticks, 3), *seen, *(state if layers else [])),
        (tensor("token", 1, 3), *scores, *(new if layers else [])),
    )


def remembering_branch(fake_engine):
    """A branch whose key is its tick's first feature, and what was seen at each step."""
    seen = []

    def compute(batch):
        held = batch["bias"][0] == 0
        seen.append(sorted(batch["keys"][0, 0, held, 0].tolist()))
        return {
            "token": batch["features"][-1:],
            "scores": np.zeros((1, 1), np.float32),
            "key": np.full((1, 1, 4), batch["features"][-1, 0]),
            "value": np.zeros((1, 1, 4), np.float32),
        }

    return BranchState(fake_engine(step_spec(), compute), grid_hz=12.5), seen


@pytest.fixture
def remembering(fake_engine):
    return remembering_branch(fake_engine)


def features(tick):
    return np.array([tick, 0, 1], np.float32)


@settings(max_examples=200)
@given(
    gaps=st.lists(st.integers(1, 2 * BAND + 2), min_size=1, max_size=40),
    first=st.sampled_from([0, 3, 1_080_000]),
)
def test_a_tick_sees_the_band_before_it_and_nothing_of_a_gap(fake_engine, gaps, first):
    branch, seen = remembering_branch(fake_engine)
    ticks = [first + int(passed) for passed in np.cumsum(gaps)]
    for tick in ticks:
        branch.step(tick, features(tick))
    for tick, found in zip(ticks, seen, strict=True):
        assert found == [float(t) for t in ticks if tick - BAND < t < tick]


def test_a_ring_is_written_in_place(fake_engine):
    ring = Ring(layers=1, heads=1, slots=3, width=4)
    keys = ring.keys
    for tick in range(10):
        ring.advance(tick)
        ring.store(tick, np.full((1, 1, 4), tick, np.float32), np.zeros((1, 1, 4), np.float32))
    assert ring.keys is keys
    assert sorted(keys[0, 0, :, 0].tolist()) == [7, 8, 9]


def test_two_persons_on_one_engine_know_nothing_of_each_other(fake_engine):
    alone, seen_alone = remembering_branch(fake_engine)
    branch, seen = remembering_branch(fake_engine)
    other = BranchState(branch._engine, grid_hz=12.5)
    for tick in range(4):
        alone.step(tick, features(tick))
        branch.step(tick, features(tick))
        other.step(tick, features(100 + tick))
    assert seen[::2] == seen_alone
    assert np.array_equal(branch.pooled(), alone.pooled())


def test_ticks_that_do_not_rise_are_refused(remembering):
    branch, _ = remembering
    branch.step(5, features(5))
    with pytest.raises(ValueError, match="tick 5 comes after tick 5"):
        branch.step(5, features(5))


def test_features_that_are_no_numbers_are_refused_and_leave_the_state_as_it_was(remembering):
    branch, seen = remembering
    branch.step(0, features(0))
    with pytest.raises(ValueError, match="features of tick 1: expected finite"):
        branch.step(1, np.array([np.nan, 0, 0], np.float32))
    with pytest.raises(ValueError, match=r"expected \[3\], got \[4\]"):
        branch.step(1, np.zeros(4, np.float32))
    assert branch.newest == 0
    branch.step(1, features(1))
    assert seen[-1] == [0]


def test_a_network_that_makes_no_numbers_is_an_error_and_not_a_reading(fake_engine):
    made = {"token": np.full((1, 3), np.nan, np.float32), "scores": np.zeros((1, 1), np.float32)}
    branch = BranchState(fake_engine(step_spec(layers=0), lambda batch: made), grid_hz=12.5)
    with pytest.raises(EngineError, match="tick 3: the step graph made a token"):
        branch.step(3, features(3))
    assert branch.newest is None


def test_a_graph_that_takes_no_steps_is_refused(fake_engine):
    spec = EngineSpec((TensorSpec("features", (1, None, 3), np.float32),), ())
    with pytest.raises(EngineError, match="expected 'features' with a fixed shape"):
        BranchState(fake_engine(spec, None), grid_hz=12.5)


def test_a_body_that_looks_back_finds_gaps_empty(fake_engine):
    given_to_it = []

    def compute(batch):
        given_to_it.append((batch["features"][:, 0].tolist(), batch["seen"].tolist()))
        return {"token": batch["features"][-1:], "scores": np.zeros((1, 1), np.float32)}

    spec = step_spec(ticks=4, layers=0)
    branch = BranchState(fake_engine(spec, compute), grid_hz=12.5)
    for tick in (10, 11, 13, 30):
        branch.step(tick, features(tick))
    assert given_to_it == [
        ([0, 0, 0, 10], [0, 0, 0, 1]),
        ([0, 0, 10, 11], [0, 0, 1, 1]),
        ([10, 11, 0, 13], [1, 1, 0, 1]),
        ([0, 0, 0, 30], [0, 0, 0, 1]),
    ]


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-5, 5)), min_size=1, max_size=60))
def test_running_pooling_is_the_softmax_over_all_there_was(ticks):
    scores, values = (np.array(column, np.float32) for column in zip(*ticks, strict=True))
    pooling = RunningPooling(looks=1, width=1)
    for score, value in zip(scores, values, strict=True):
        pooling.add(value[None], score[None])
    weights = np.exp(scores.astype(np.float64) - scores.max())
    assert pooling.pooled()[0, 0] == pytest.approx(
        (weights * values).sum() / weights.sum(), abs=1e-6
    )


def test_pooling_of_a_day_keeps_its_digits():
    random = np.random.default_rng(0)
    tokens, scores = random.normal(3, 1, 20_000).astype(np.float32), np.zeros(1, np.float32)
    pooling = RunningPooling(looks=1, width=1)
    for token in np.tile(tokens, 3):
        pooling.add(token[None], scores)
    assert pooling.pooled()[0, 0] == pytest.approx(tokens.astype(np.float64).mean(), rel=1e-7)


def test_pooling_of_nothing_is_zero():
    assert not RunningPooling(looks=2, width=3).pooled().any()
    assert not NewestToken(width=3).pooled().any()


def test_a_branch_without_scores_keeps_its_newest_token(fake_engine):
    engine = fake_engine(
        step_spec(looks=0, layers=0), lambda batch: {"token": 2 * batch["features"]}
    )
    branch = BranchState(engine, grid_hz=12.5)
    branch.step(1, features(1))
    branch.step(7, features(7))
    assert branch.pooled().tolist() == [[14, 0, 2]]


def test_angles_are_of_time_and_not_of_ticks():
    for ticks, hz in (([25], 25.0), ([12], 12.0)):
        assert rotary(np.array(ticks), grid_hz=hz, width=8)[0] == pytest.approx(
            rotary(np.array([10]), grid_hz=10.0, width=8)[0]
        )


def test_a_step_of_time_turns_alike_after_a_day():
    """Angles in float32 would be off by a tenth here."""
    day = 1_080_000

    def between(first):
        cos, sin = rotary(np.array([first, first + 100]), grid_hz=12.5, width=64)
        return cos[1] * cos[0] + sin[1] * sin[0]

    assert between(day) == pytest.approx(between(0), abs=1e-6)
