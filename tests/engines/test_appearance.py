from contextlib import ExitStack

import numpy as np
import pytest

from engines.config import AppearanceConfig, FaceConfig, PerceptionConfig
from engines.errors import EngineError
from engines.perception.appearance import AppearanceEncoder, appearance_box
from engines.perception.detector import PersonDetector
from engines.perception.expression import PeerExpressions
from engines.perception.face import FaceFinder
from engines.perception.networks import PerceptionNetworks
from engines.perception.observer import Observer
from engines.spec.tensors import EngineSpec, TensorSpec

WIDTH = 6
F32, U8 = np.dtype(np.float32), np.dtype(np.uint8)
IMAGE = np.zeros((90, 160, 3), np.uint8)


def spec(batch=None, *, frame=(1, None, None, 3), width=WIDTH):
    return EngineSpec(
        inputs=(TensorSpec("frame", frame, U8), TensorSpec("boxes", (batch, 4), F32)),
        outputs=(TensorSpec("embedding", (batch, width), F32),),
    )


@pytest.fixture
def engine(fake_engine):
    """An encoder that says of each box its corners, its row and how many came with it."""

    def make(batch=None):
        def compute(given):
            boxes = given["boxes"]
            assert boxes.dtype == F32
            assert batch in (None, len(boxes))
            rows = np.arange(len(boxes))[:, None]
            counts = np.full((len(boxes), 1), len(boxes))
            return {"embedding": np.hstack([boxes, rows, counts]).astype(np.float32)}

        return fake_engine(spec(batch), compute)

    return make


def boxes(count):
    return np.arange(count * 4, dtype=np.float64).reshape(count, 4)


def test_all_boxes_of_a_frame_go_through_an_open_graph_at_once(engine):
    network = engine()
    embeddings = AppearanceEncoder(network).encode(IMAGE, boxes(3))
    assert network.runs == 1
    assert (embeddings[:, :4] == boxes(3)).all()
    assert (embeddings[:, 5] == 3).all()


@pytest.mark.parametrize(("count", "runs"), [(1, 1), (2, 1), (3, 2), (5, 3)])
def test_a_graph_of_fixed_batch_is_filled_up_and_run_as_often_as_needed(engine, count, runs):
    network = engine(batch=2)
    embeddings = AppearanceEncoder(network).encode(IMAGE, boxes(count))
    assert network.runs == runs
    assert (embeddings[:, :4] == boxes(count)).all()


@pytest.mark.parametrize("batch", [None, 2])
def test_nobody_needs_no_run(engine, batch):
    network = engine(batch)
    assert AppearanceEncoder(network).encode(IMAGE, boxes(0)).shape == (0, WIDTH)
    assert network.runs == 0


def test_an_embedding_cannot_be_changed(engine):
    embeddings = AppearanceEncoder(engine()).encode(IMAGE, boxes(1))
    with pytest.raises(ValueError, match="read-only"):
        embeddings[0, 0] = 1


@pytest.mark.parametrize(
    "wrong",
    [
        spec(frame=(1, 3, None, None)),
        spec(width=None),
        EngineSpec(inputs=spec().inputs, outputs=()),
        EngineSpec(inputs=spec().inputs, outputs=(TensorSpec("embedding", (2, WIDTH), F32),)),
    ],
    ids=["another layout", "no fixed width", "no embedding", "another batch"],
)
def test_a_network_of_another_kind_is_refused_when_it_is_opened(fake_engine, wrong):
    with pytest.raises(EngineError, match=r"not of this kind: expected uint8 frame .* got frame"):
        AppearanceEncoder(fake_engine(wrong, None))


def test_the_person_is_embedded_whole():
    person = np.array([10, 20, 60, 220], np.float32)
    assert appearance_box(person, None, "person") is person


def test_a_face_is_embedded_with_hair_and_chin():
    face = np.array([20, 30, 40, 70], np.float32)
    assert appearance_box(np.zeros(4, np.float32), face, "face").tolist() == [15, 20, 45, 80]


def test_without_a_face_there_is_no_face_to_embed():
    assert appearance_box(np.zeros(4, np.float32), None, "face") is None


def test_the_model_belongs_to_what_a_profile_needs_once_it_is_named():
    named = PerceptionConfig(appearance=AppearanceConfig(model="dinov2-small-crops"))
    assert named.models() == (*PerceptionConfig().models(), "dinov2-small-crops")


@pytest.fixture
def observe(disc_world, engine, frame_of):
    """Look at one picture of two people, of whom the first shows a face."""
    left, right = [20, 30, 100, 230], [220, 30, 300, 230]
    disc_world.place(left, right)

    def look(crop):
        networks = PerceptionNetworks(
            persons=PersonDetector(disc_world.persons),
            faces=FaceFinder(disc_world.blazeface, disc_world.facemesh, FaceConfig()),
            expressions=PeerExpressions(disc_world.fer),
            engines=ExitStack(),
            appearance=AppearanceEncoder(engine()),
        )
        config = PerceptionConfig(appearance=AppearanceConfig(model="any", crop=crop))
        scene = Observer(config).observe(networks, frame_of(disc_world.picture((60, 60))))
        return sorted(scene.observations, key=lambda person: person.box_xyxy[0])

    return look


def test_an_observation_has_the_appearance_of_its_own_person(observe):
    for person in observe("person"):
        assert (person.appearance[:4] == person.box_xyxy).all()
        assert person.appearance[5] == 2  # both in one run


def test_of_faces_only_those_that_are_seen_have_an_appearance(observe):
    shows_a_face, shows_none = observe("face")
    low, high = shows_a_face.face_xyxy[:2], shows_a_face.face_xyxy[2:]
    assert (shows_a_face.appearance[:2] < low).all()
    assert (shows_a_face.appearance[2:4] > high).all()
    assert shows_none.appearance is None
