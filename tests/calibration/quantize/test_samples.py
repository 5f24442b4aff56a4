import stat

import numpy as np
import pytest

from calibration.quantize.diversity import DiverseSet, thumbnail
from calibration.quantize.samples import Recorder
from engines.config import RuntimeConfig


def kept(thumbnails, places):
    """Return what is held of thumbnails that passed one after the other."""
    diverse, held = DiverseSet(places), {}
    for seen in thumbnails:
        place = diverse.place(np.float32([seen]))
        if place is not None:
            held[place] = seen
    return sorted(held.values())


def test_of_many_alike_and_few_others_the_others_are_kept():
    assert kept([*np.linspace(0, 0.1, 50), 5.0, 9.0], 3)[1:] == [5.0, 9.0]


def test_the_same_input_is_kept_once():
    assert kept([1.0, 1.0, 1.0], 3) == [1.0]


def test_no_more_are_kept_than_there_are_places():
    assert len(kept(np.random.default_rng(0).normal(size=200), 8)) == 8


@pytest.mark.parametrize("shape", [(1, 30, 40, 3), (1, 48, 48), (1, 64, 64, 1), (1, 7), (1, 900)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
def test_every_input_has_a_thumbnail_of_few_numbers(shape, dtype):
    assert thumbnail({"x": np.ones(shape, dtype)}).size <= 256


@pytest.fixture
def recorder(many_headed):
    with Recorder(RuntimeConfig(), at_most=10) as found:
        yield found


def given(recorder, many_headed, moments):
    rng = np.random.default_rng(1)
    with recorder.open("many", many_headed, outputs=("embedding",)) as engine:
        for source, time_s in moments:
            recorder.at(source, time_s)
            engine.run({"picture": rng.normal(size=(1, 3, 16, 16)).astype(np.float32)})


def test_the_end_of_each_source_is_held_out(recorder, many_headed):
    given(recorder, many_headed, [(name, float(k)) for name in "ab" for k in range(5)])

    (samples,) = recorder.samples()

    assert samples.outputs == ("embedding",)
    assert [(s.source, s.time_s) for s in samples.calibration] == [
        (name, float(k)) for name in "ab" for k in range(3)
    ]
    assert [(s.source, s.time_s) for s in samples.held_out] == [
        (name, float(k)) for name in "ab" for k in (3, 4)
    ]
    assert samples.calibration[0].batch()["picture"].shape == (1, 3, 16, 16)


def test_what_is_known_of_the_calibration_names_no_source(recorder, many_headed):
    given(recorder, many_headed, [("rtsp://secret", float(k)) for k in range(5)])

    described = recorder.samples()[0].described()

    assert (described.samples, described.frames, described.sources) == (3, 3, 1)
    assert "secret" not in described.model_dump_json()


def test_only_the_owner_reads_the_inputs_and_they_are_gone_whatever_happens(many_headed):
    with pytest.raises(KeyboardInterrupt), Recorder(RuntimeConfig(), at_most=4) as recorder:
        given(recorder, many_headed, [("a", 0.0)])
        assert stat.S_IMODE(recorder.folder.stat().st_mode) == 0o700
        assert len(list(recorder.folder.rglob("*.npz"))) == 1
        raise KeyboardInterrupt

    assert not recorder.folder.exists()


def test_networks_that_nobody_asked_for_are_not_recorded(many_headed):
    with Recorder(RuntimeConfig(), at_most=4, names={"another"}) as recorder:
        given(recorder, many_headed, [("a", 0.0)])
        assert recorder.samples() == []
