"""A whole-body network: a small one of the publishers' shapes, which sees three coloured dots."""

import numpy as np
import pytest

from engines.backends import open_engine
from engines.build.whole_body_export import main
from engines.config import RuntimeConfig
from engines.errors import EngineError
from engines.perception.keypoints.network import KeypointNetwork, Sight
from engines.perception.keypoints.numberings import COCO_POINTS
from engines.perception.keypoints.wholebody import (
    MIN_SCORE,
    WholeBodyNetwork,
    openpose_from_coco,
)
from engines.spec import skeleton
from engines.spec.skeleton import FACE, INDEX, LEFT_HAND, RIGHT_HAND

CANVAS_HW = (96, 72)
SCORE = 0.8  # of every dot


def export(weights, out, canvas_hw=CANVAS_HW):
    canvas = f"{canvas_hw[0]}x{canvas_hw[1]}"
    return main(["whole-body", "--weights", str(weights), "--canvas", canvas, "--out", str(out)])


@pytest.fixture(scope="module")
def graph(dot_network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole-body")
    assert export(dot_network(folder / "dots.onnx"), folder / "whole-body.onnx") == 0
    return folder / "whole-body.onnx"


@pytest.fixture(scope="module", params=["onnxruntime", "openvino"])
def network(request, graph):
    engine = open_engine(graph, RuntimeConfig(backend=request.param))
    return WholeBodyNetwork(engine, name="dots", smooth=False)


DOTS = {0: (212, 131), 1: (260, 170), 2: (301, 90)}  # red, green, blue: x, y


def picture(height=360, width=640):
    image = np.zeros((height, width, 3), np.uint8)
    for channel, (x, y) in DOTS.items():
        image[y - 4 : y + 5, x - 4 : x + 5, channel] = 255
    return image


def sight(image, box=(180, 60, 330, 220)):
    box_xyxy = None if box is None else np.array(box, np.float32)
    return Sight(image=image, index=0, time_s=0.0, box_xyxy=box_xyxy)


@pytest.mark.parametrize("box", [(180, 60, 330, 220), (200, 80, 310, 180), (190, 20, 500, 200)])
def test_dots_are_found_where_they_are_in_the_frame(network, box):
    points = network.look(sight(picture(), box))
    x1, y1, x2, y2 = box
    # a crop is brightest wherever it holds some of the dot: half its size, and a pixel of the crop
    slack = 5 + 1.25 * max((x2 - x1) / CANVAS_HW[1], (y2 - y1) / CANVAS_HW[0])

    assert points.shape == (COCO_POINTS, 3)
    for channel, place in DOTS.items():
        away = np.abs(points[channel::3, :2] - place).max()
        assert away <= slack
    np.testing.assert_allclose(points[:, 2], SCORE, atol=0.02)


def test_any_frame_and_a_box_over_its_edge_go_through_one_graph(network):
    small = picture()[80:180, 190:320]
    points = network.look(sight(small, (-30, -20, 160, 130)))

    for channel, (x, y) in DOTS.items():
        assert np.abs(points[channel::3, :2] - (x - 190, y - 80)).max() <= 8


def test_both_runtimes_compute_the_same(graph):
    looks = [
        WholeBodyNetwork(open_engine(graph, RuntimeConfig(backend=backend)), name="dots").look(
            sight(picture())
        )
        for backend in ("onnxruntime", "openvino")
    ]

    np.testing.assert_allclose(looks[0], looks[1], atol=1e-3)


def test_several_boxes_are_cut_by_one_run(graph):
    engine = open_engine(graph, RuntimeConfig(backend="onnxruntime"))
    boxes = np.array([[180, 60, 330, 220], [200, 80, 310, 180]], np.float32)
    together = engine.run({"frame": picture()[None], "boxes": boxes})["points"]
    apart = [engine.run({"frame": picture()[None], "boxes": box[None]})["points"] for box in boxes]

    np.testing.assert_allclose(together, np.concatenate(apart), atol=1e-4)


def test_what_is_found_comes_as_openpose(network):
    found = network.follow().find(sight(picture()))
    points = found.points

    assert isinstance(network, KeypointNetwork)
    assert found.left_hand
    assert found.right_hand
    red = np.array(DOTS[0])
    assert np.abs(points[skeleton.NOSE, :2] - red).max() < 9  # COCO's 0
    assert np.abs(points[INDEX["right_shoulder"], :2] - red).max() < 9  # COCO's 6
    assert not points.flags.writeable


def test_without_a_box_the_whole_frame_is_looked_at(network):
    points = network.look(sight(picture(180, 320), None))

    assert np.abs(points[0, :2] - DOTS[0]).max() < 12


def test_nobody_is_found_in_an_empty_frame(network):
    assert network.follow().find(sight(np.zeros((360, 640, 3), np.uint8))) is None


@pytest.fixture
def coco():
    """Point k lies at (k, 2 k), seen with 0.9."""
    points = np.full((COCO_POINTS, 3), 0.9, np.float32)
    points[:, 0] = np.arange(COCO_POINTS)
    points[:, 1] = 2 * points[:, 0]
    return points


def test_cocos_133_are_where_openpose_has_them(coco):
    points = openpose_from_coco(coco)

    for name, place in {
        "nose": 0, "left_eye": 1, "right_eye": 2, "left_ear": 3, "right_ear": 4,
        "left_shoulder": 5, "right_shoulder": 6, "left_elbow": 7, "right_wrist": 10,
        "left_hip": 11, "right_ankle": 16, "left_big_toe": 17, "left_small_toe": 18,
        "left_heel": 19, "right_big_toe": 20, "right_heel": 22,
        "face_contour_0": 23, "face_contour_8": 31, "face_inner_lip_7": 90,
        "left_hand_wrist": 91, "left_hand_pinky_tip": 111,
        "right_hand_wrist": 112, "right_hand_pinky_tip": 132,
    }.items():  # fmt: skip
        assert points[INDEX[name], 0] == place, name


def test_neck_mid_hip_and_pupils_are_derived(coco):
    points = openpose_from_coco(coco)

    assert points[skeleton.NECK, 0] == 5.5
    assert points[skeleton.MID_HIP, 0] == 11.5
    assert points[skeleton.RIGHT_PUPIL, 0] == np.mean([60, 61, 63, 64])
    assert points[skeleton.LEFT_PUPIL, 0] == np.mean([66, 67, 69, 70])
    assert (points[:, 2] > 0).all()


def test_what_is_below_the_publishers_threshold_has_no_score(coco):
    coco[[5, 60, 91], 2] = MIN_SCORE - 0.01
    coco[100, 2] = 7.0  # SimCC's maxima are no probabilities
    points = openpose_from_coco(coco)

    for name in (
        "left_shoulder",
        "neck",
        "face_right_eye_1",
        "face_right_pupil",
        "left_hand_wrist",
    ):
        assert points[INDEX[name], 2] == 0, name
    assert points[LEFT_HAND, 2].max() == 1
    assert (points[RIGHT_HAND, 2] > 0).all()
    assert (points[FACE, 2] > 0).sum() == 68


def test_the_graph_says_what_it_was_made_of(graph):
    provenance = graph.with_name(f"{graph.name}.json").read_text()

    for part in ('"recipe": "whole-body"', "made_from_sha256", '"revision": 1'):
        assert part in provenance


def test_a_network_of_other_shapes_is_refused_with_both(dot_network, tmp_path, capsys):
    weights = dot_network(tmp_path / "body.onnx", keypoints=17)

    assert export(weights, tmp_path / "out.onnx") == 2
    assert "expected [B 3 96 72] -> [B 133 bins]" in capsys.readouterr().err
    assert export(dot_network(tmp_path / "dots.onnx"), tmp_path / "out.onnx", (384, 288)) == 2
    assert not (tmp_path / "out.onnx").exists()


def test_a_file_that_is_no_graph_is_refused(tmp_path, capsys):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a graph")

    assert export(broken, tmp_path / "out.onnx") == 2
    assert "broken.onnx: cannot be read as ONNX" in capsys.readouterr().err


def test_a_model_of_another_kind_is_refused_when_it_is_opened(dot_network, tmp_path):
    engine = open_engine(dot_network(tmp_path / "dots.onnx"), RuntimeConfig(backend="onnxruntime"))

    with pytest.raises(EngineError, match="whole-body network: "):
        WholeBodyNetwork(engine, name="dots")
