"""The crop before DINOv2, as grey levels again, against OpenCV's."""

import cv2
import numpy as np
import pytest

MEAN, STD = np.array([0.485, 0.456, 0.406]) * 255, np.array([0.229, 0.224, 0.225]) * 255
OUTSIDE = -1e4

PERSON, FACE, OVER, TWICE = BOXES = np.array(
    [
        [100, 20, 330, 500],
        [150.3, 60.7, 300.2, 200.9],  # off the pixels' grid
        [-50, -20, 400, 600],  # over every edge of the frame
        [10, 20, 458, 468],  # twice 224 x 224, on the grid
    ],
    np.float32,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def frame(media):
    return cv2.imread(str(media / "faces/astronaut.png"))[..., ::-1].copy()


@pytest.fixture(scope="module")
def crops(frame, save_checkpoint, torch_embeds, tmp_path_factory):
    folder = save_checkpoint()
    given = tmp_path_factory.mktemp("crop") / "given.npz"
    np.savez(given, frame=frame, boxes=BOXES)

    def cut(canvas):
        normalised = torch_embeds(given, folder, canvas=canvas)["crops"]
        return normalised.transpose(0, 2, 3, 1) * STD + MEAN

    return cut


@pytest.fixture(scope="module")
def square(crops):
    return crops("224x224")


def warped(frame, box, canvas_hw):
    """The same crop by OpenCV: twice as large, then the mean of 2 x 2."""
    height, width = 2 * canvas_hw[0], 2 * canvas_hw[1]
    x, y = (box[:2] + box[2:]) / 2
    step = max((box[2] - box[0]) / width, (box[3] - box[1]) / height)
    # OpenCV counts from the centre of the first pixel, boxes from its corner
    first = np.array([x - step * (width - 1) / 2, y - step * (height - 1) / 2]) - 0.5
    large = cv2.warpAffine(
        frame.astype(np.float32),
        np.array([[step, 0, first[0]], [0, step, first[1]]]),
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(OUTSIDE, OUTSIDE, OUTSIDE),
    )
    return large.reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3))


def test_a_crop_is_what_opencv_cuts_out(frame, square):
    for box, cut in zip(BOXES, square, strict=True):
        expected = warped(frame, box, (224, 224))
        inside = expected.min(2) >= 0
        assert inside.mean() > 0.5
        # OpenCV rounds a sample's place to 1/32 of a pixel
        assert np.abs(cut - expected)[inside].mean() < 0.5
        assert np.abs(cut - expected)[inside].max() < 8


def test_a_box_of_whole_pixels_is_their_mean(frame, square):
    pixels = frame[20:468, 10:458].reshape(224, 2, 224, 2, 3).mean((1, 3))
    assert np.abs(square[3] - pixels).max() < 0.01


def test_what_is_outside_the_frame_is_the_mean_colour(frame, square):
    outside = warped(frame, OVER, (224, 224)).max(2) == OUTSIDE
    assert outside.mean() > 0.1
    assert np.abs(square[2] - MEAN)[outside].max() < 0.01


def test_a_high_canvas_holds_the_whole_box_and_stretches_nothing(frame, crops):
    cut, expected = crops("280x140")[0], warped(frame, PERSON, (280, 140))
    assert expected.min() >= 0
    assert np.abs(cut - expected).mean() < 0.5
