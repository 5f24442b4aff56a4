from contextlib import ExitStack

import cv2
import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import (
    AppearanceConfig,
    ExpressionConfig,
    FaceConfig,
    PerceptionConfig,
    RuntimeConfig,
)
from engines.perception import face_encoder
from engines.perception.detector import PersonDetector
from engines.perception.expression import PeerExpressions
from engines.perception.face import FaceFinder
from engines.perception.face_encoder import FaceEncoder, aligned_face
from engines.perception.facemesh import FaceMesh, Mesh
from engines.perception.networks import PerceptionNetworks
from engines.perception.observer import Observer
from engines.perception.region import Region

SELF_EMBEDDING = PerceptionConfig(
    expression=ExpressionConfig(model="own"), appearance=AppearanceConfig(model="own")
)


@pytest.fixture
def engine(fake_engine):
    """An encoder whose embedding counts up, with the mean of the face as its first number."""

    def compute(batch):
        embedding = np.arange(160, dtype=np.float32)[None].copy()
        embedding[0, 0] = batch["face"].mean()
        return {"probabilities": np.eye(7, dtype=np.float32)[[3]], "embedding": embedding}

    return fake_engine(face_encoder.CONTRACT, compute)


def mesh_within(low, high):
    points = np.random.default_rng(2).uniform(low + 5, high - 5, (468, 2)).astype(np.float32)
    middle = (low + high) / 2
    points[[33, 263]] = [[middle - 10, middle], [middle + 10, middle]]
    points[[0, 1]] = [[low, low], [high, high]]
    return Mesh(points, 1.0, 0.0)


def test_a_face_of_little_contrast_is_seen_like_one_of_much():
    ramp = np.linspace(0, 1, 100)[:, None, None] * np.ones((100, 100, 3))
    mesh = mesh_within(20, 80)
    dim = aligned_face((90 + 30 * ramp).astype(np.uint8), mesh)
    bright = aligned_face((255 * ramp).astype(np.uint8), mesh)
    assert (dim.min(), dim.max()) == (0, 255)
    assert np.abs(dim.astype(int) - bright).max() <= 15  # 30 greys cannot be 48


def test_of_a_large_face_every_pixel_counts():
    ramp = np.linspace(60, 195, 600)[:, None, None] * np.ones((600, 600, 3))
    chequers = np.indices((600, 600)).sum(axis=0)[:, :, None] % 2 * 120 - 60
    plain, fine = (
        aligned_face(image.astype(np.uint8), mesh_within(100, 500))
        for image in (ramp, ramp + chequers)
    )
    assert np.abs(plain.astype(int) - fine).mean() < 8


@pytest.mark.slow
def test_a_picture_of_fer_comes_out_of_the_mesh_framed_as_it_went_in(media, store, monkeypatch):
    with np.load(media.parent / "data/fer2013_train.npz") as data:
        pictures = data["images"][:200]
    framings = {"ours": (1.10, -0.045), "tight": (0.95, -0.045), "wide": (1.3, -0.045)}
    framings["low"] = (1.10, 0.05)
    likeness = {name: [] for name in framings}
    with open_engine(store.path("face-mesh"), RuntimeConfig()) as engine:
        mesh = FaceMesh(engine)
        for picture in pictures:
            image = cv2.cvtColor(cv2.resize(picture, (192, 192)), cv2.COLOR_GRAY2RGB)
            found = mesh.fit(image, Region(96.0, 96.0, 240.0))
            found = mesh.fit(image, found.region(1.5))
            for name, (scale, shift) in framings.items():
                monkeypatch.setattr(face_encoder, "_SCALE", scale)
                monkeypatch.setattr(face_encoder, "_SHIFT", shift)
                seen = aligned_face(image, found)
                likeness[name].append(np.corrcoef(seen.ravel(), picture.ravel())[0, 1])
    medians = {name: np.median(values) for name, values in likeness.items()}
    assert max(medians, key=medians.get) == "ours", medians
    assert medians["ours"] > 0.6


def test_expression_and_embedding_of_a_face_come_from_one_run(engine):
    look = FaceEncoder(engine).read(np.zeros((100, 100, 3), np.uint8), mesh_within(20, 80))
    assert engine.runs == 1
    assert look.expression.tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert look.embedding.shape == (160,)
    assert not look.expression.flags.writeable
    assert not look.embedding.flags.writeable


@pytest.fixture
def observe(disc_world, engine, frame_of):
    """Look at one picture of two people, of whom the first shows a face."""
    disc_world.place([20, 30, 100, 230], [220, 30, 300, 230])

    def look(config, expressions=None):
        networks = PerceptionNetworks(
            persons=PersonDetector(disc_world.persons),
            faces=FaceFinder(disc_world.blazeface, disc_world.facemesh, FaceConfig()),
            expressions=FaceEncoder(engine) if expressions is None else expressions,
            engines=ExitStack(),
        )
        scene = Observer(config).observe(networks, frame_of(disc_world.picture((60, 60))))
        return sorted(scene.observations, key=lambda person: person.box_xyxy[0])

    return look


def test_the_embedding_is_the_appearance_where_the_profile_names_the_encoder_twice(observe):
    shows_a_face, shows_none = observe(SELF_EMBEDDING)
    assert shows_a_face.appearance[1:].tolist() == list(range(1, 160))
    assert shows_a_face.expression[3] == 1
    assert shows_none.appearance is None


def test_without_an_appearance_in_the_profile_there_is_none(observe):
    assert [person.appearance for person in observe(PerceptionConfig())] == [None, None]


def test_a_network_that_embeds_nothing_gives_no_appearance(observe, disc_world):
    people = observe(SELF_EMBEDDING, PeerExpressions(disc_world.fer))
    assert [person.appearance for person in people] == [None, None]
    assert people[0].expression is not None
