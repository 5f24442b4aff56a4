import numpy as np
import pytest


@pytest.fixture(scope="session")
def export(python, need_build_python):
    program = need_build_python, "-m", "engines.build.dinov2_export", "dinov2-crop"
    return lambda *arguments: python(*program, *arguments)


@pytest.fixture(scope="session")
def save_checkpoint(python, reference, need_build_python, tmp_path_factory):
    """Save a small network as a publisher would, and return the folder."""

    def save(registers="-"):
        folder = tmp_path_factory.mktemp("checkpoint")
        python(need_build_python, reference / "dinov2_checkpoint.py", folder, registers)
        return folder

    return save


@pytest.fixture(scope="session")
def torch_embeds(python, reference, need_build_python, tmp_path_factory):
    """Crops and embeddings of a frame's boxes by transformers' own network."""

    def run(given, place, size="-", registers="-", seed="-", canvas="224x224"):
        out = tmp_path_factory.mktemp("torch") / "out.npz"
        words = [place, size, registers, seed, canvas, given, out]
        python(need_build_python, reference / "dinov2_embeddings.py", *words)
        return np.load(out)

    return run
