import numpy as np

from engines.sequence.keypoint_state import KeypointState
from engines.sequence.normalize import normalize_tick
from training.learning.features import track, widths


def test_text_counts_on_the_ticks_on_which_more_was_known(interview):
    own = interview(text_available_s=np.array([1.0, 3.0, 3.01]))
    words = track(own, "text", width=4)
    # the second and the third are known on one tick: only the newest of them is ever seen
    assert np.flatnonzero(words.valid).tolist() == [13, 38]
    assert words.features[[13, 38], 0].tolist() == [1.0, 3.0]
    assert not words.features[~words.valid].any()


def test_the_same_words_said_again_count_again(interview):
    same = np.ones((3, 4), np.float32)
    assert track(interview(text=same), "text", width=4).valid.sum() == 3


def test_keypoints_are_what_a_live_run_makes_of_them_tick_by_tick(interview):
    random = np.random.default_rng(0)
    raw = random.uniform(100, 500, size=(100, 137, 3)).astype(np.float32)
    valid = random.random(100) > 0.2
    own = interview(keypoints=raw * valid[:, None, None], keypoints_valid=valid)
    whole = track(own, "keypoints", width=5)
    state = KeypointState.fresh()
    for tick in np.flatnonzero(valid):
        features, state = normalize_tick(
            own.keypoints[tick], time_s=float(own.time_s[tick]), shot=0, state=state
        )
        assert whole.valid[tick] == (features is not None)
        if features is not None:
            assert np.array_equal(whole.features[tick], features)
    assert not whole.valid[~valid].any()


def test_an_interview_without_a_modality_is_masked_throughout(interview):
    own = interview(
        appearance=np.zeros((100, 0), np.float32),
        text=np.zeros((0, 0), np.float32),
        text_available_s=np.zeros(0),
    )
    assert widths(own) == {"keypoints": 5}
    for name in ("image", "text"):
        nothing = track(own, name, width=7)
        assert nothing.features.shape == (100, 7)
        assert not nothing.valid.any()
