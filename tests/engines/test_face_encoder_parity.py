import numpy as np
import pytest

from engines.backends import open_engine
from engines.config import RuntimeConfig
from engines.perception.face_encoder import CONTRACT


@pytest.fixture(scope="session")
def graph_and_torch(python, reference, need_build_python, media, tmp_path_factory):
    """A graph of the face encoder, real faces, and what torch makes of them."""
    folder = tmp_path_factory.mktemp("face-encoder")
    with np.load(media.parent / "data/fer2013_train.npz") as data:
        faces = data["images"][:40]
    np.savez(folder / "faces.npz", faces=faces)
    program = reference / "face_encoder_outputs.py"
    python(need_build_python, program, "random", folder / "faces.npz", folder / "torch.npz")
    return folder / "face-encoder.onnx", faces, np.load(folder / "torch.npz")


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_every_runtime_reads_a_face_as_torch_does(graph_and_torch, parity, backend):
    path, faces, expected = graph_and_torch
    with open_engine(path, RuntimeConfig(backend=backend)) as engine:
        assert engine.spec.inputs == CONTRACT.inputs
        assert {output.name for output in engine.spec.outputs} == {"probabilities", "embedding"}
        one_by_one = [engine.run({"face": face[None]}) for face in faces[:3]]
        together = engine.run({"face": faces})
    for name, values in together.items():
        parity.hold("starter-face", name, backend, values, expected[name])
        assert expected[name].std() > 100 * parity.tolerance("starter-face", name)
        for row, alone in enumerate(one_by_one):
            parity.hold("starter-face", name, backend, alone[name][0], expected[name][row])


def test_probabilities_are_probabilities(graph_and_torch):
    path, faces, _ = graph_and_torch
    with open_engine(path, RuntimeConfig()) as engine:
        probabilities = engine.run({"face": faces})["probabilities"]
    assert probabilities.min() >= 0
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(40))
