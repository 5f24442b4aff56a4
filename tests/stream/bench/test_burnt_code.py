import io
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.bench.burnt_code import LEAST_WIDTH_PX, burn, read_moment

DAY_S = 86_400.0


def picture(height=360, width=640, seed=0):
    """Noise, which a coder finds hard."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(st.floats(min_value=0, max_value=100 * 365 * DAY_S), st.floats(min_value=0, max_value=DAY_S))
def test_a_moment_is_read_as_it_was_burnt(moment_s, late_s):
    image = np.zeros((64, 320, 3), np.uint8)
    burn(image, moment_s)
    read = read_moment(image, moment_s + late_s)
    assert abs(read - moment_s) <= 1e-4


def test_a_moment_that_the_code_began_again_after_is_read():
    image = picture()
    burn(image, 2**32 / 10_000 - 0.5)
    assert abs(read_moment(image, 2**32 / 10_000 + 1) - (2**32 / 10_000 - 0.5)) <= 1e-4


@pytest.mark.parametrize("scale", [0.5, 0.75, 1.5, 2.0])
def test_a_picture_that_was_scaled_reads_the_same(scale):
    image = picture()
    burn(image, 1234.5678)
    scaled = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    assert abs(read_moment(scaled, 1235.0) - 1234.5678) <= 1e-4


def test_a_picture_that_was_coded_hard_reads_the_same():
    out = io.BytesIO()
    moments = [100.0 + n / 25 for n in range(20)]
    with av.open(out, "w", format="mpegts") as container:
        options = {"preset": "ultrafast", "crf": "38"}
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for n, moment_s in enumerate(moments):
            image = picture(seed=n)
            burn(image, moment_s)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    out.seek(0)
    with av.open(out) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert np.allclose([read_moment(frame, 102.0) for frame in frames], moments, atol=1e-4)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_in_a_picture_of_one_colour_no_moment_is_read(value):
    assert read_moment(np.full((360, 640, 3), value, np.uint8), 5.0) is None


def test_in_real_pictures_no_moment_is_read(media):
    with av.open(str(media / "grid/bbaf2n.mpg")) as clip:
        frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
    assert len(frames) == 75
    assert [read_moment(frame, 5.0) for frame in frames] == [None] * 75


def test_a_square_that_was_turned_over_makes_the_code_none():
    image = picture()
    burn(image, 77.7)
    image[:26, 80:106] ^= 255  # the fourth of the first row
    assert read_moment(image, 80.0) is None


@pytest.mark.parametrize(("height", "width"), [(360, LEAST_WIDTH_PX - 1), (15, LEAST_WIDTH_PX)])
def test_a_picture_too_small_for_a_code_is_refused_and_read_as_none(height, width):
    image = picture(height, width)
    with pytest.raises(ValueError, match=f"got {width}x{height}"):
        burn(image, 1.0)
    assert read_moment(image, 1.0) is None
