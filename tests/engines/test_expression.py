import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import PerceptionConfig
from engines.perception.expression import NETWORK_ORDER, PeerExpressions
from engines.perception.facemesh import Mesh
from engines.perception.networks import open_networks
from engines.spec.labels import EXPRESSIONS


@pytest.fixture
def upright():
    points = np.random.default_rng(2).uniform(20, 80, (468, 2)).astype(np.float32)
    points[[33, 263]] = [[30, 40], [70, 40]]
    points[[0, 1]] = [[20, 20], [80, 80]]
    return Mesh(points, 1.0, 0.6)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_the_networks_order_is_mapped_to_that_of_the_labels(disc_world, upright, name, monkeypatch):
    sure = np.array([[float(label == name) for label in NETWORK_ORDER]], np.float32)
    monkeypatch.setattr(disc_world.fer, "compute", lambda batch: {"Identity": sure})

    read = (
        PeerExpressions(disc_world.fer).read(np.zeros((100, 100, 3), np.uint8), upright).expression
    )

    assert EXPRESSIONS[int(read.argmax())] == name
    assert read.sum() == 1
    assert not read.flags.writeable


def test_the_network_sees_the_face_upright_grey_and_within_minus_one_and_one(
    disc_world, upright, monkeypatch
):
    image = np.zeros((100, 100, 3), np.uint8)
    image[:50] = 255  # the upper half of the face is white
    quarter = np.array([[0, 1], [-1, 0]], np.float32)
    turned = Mesh((upright.landmarks - 50) @ quarter + 50, 1.0, 0.6)
    given = []
    answer = disc_world.fer.compute({})
    monkeypatch.setattr(disc_world.fer, "compute", lambda batch: given.append(batch["x"]) or answer)

    reader = PeerExpressions(disc_world.fer)
    reader.read(image, upright)
    reader.read(np.ascontiguousarray(np.rot90(image, -1)), turned)

    for pixels in given:
        assert pixels.shape == (1, 64, 64, 1)
        assert pixels.min() == -1
        assert pixels.max() == pytest.approx(1)
        assert pixels[0, :28].mean() > 0.9 > -0.9 > pixels[0, 36:].mean()


def test_a_smile_is_read_as_happy(media, store, pictures):
    config = PerceptionConfig()
    _, _, image = next(iter(pictures(media / "faces/astronaut.png")))
    with open_networks(
        config, store, lambda _, path, **kept: open_engine(path, config.runtime, **kept)
    ) as nets:
        (person,) = nets.persons.detect(image).boxes_xyxy[:1]
        (face,) = nets.faces.find(image, person[None], [None])
        read = nets.expressions.read(image, face.mesh).expression

    assert EXPRESSIONS[int(read.argmax())] == "happy"
