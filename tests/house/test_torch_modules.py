"""The torch modules' own tests, run by the Python that has torch, a folder at a time."""

import os
import subprocess
from pathlib import Path

import pytest

from engines.models.convert import CHECKOUT

TESTS = Path(__file__).parents[1]


@pytest.fixture
def passes(need_build_python):
    """Run tests by the Python that has torch; some must have passed, and none failed."""

    def run(ini, *words):
        command = [need_build_python, "-m", "pytest", "-q", "-c", TESTS / ini, *words]
        done = subprocess.run(
            [*map(str, command), "--rootdir", str(CHECKOUT), "-p", "no:cacheprovider"],
            cwd=CHECKOUT,
            env=os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
        assert " passed" in done.stdout

    return run


@pytest.mark.timeout(900)  # one process a folder: torch takes seconds to import
@pytest.mark.parametrize("name", ["networks", "learning", "torch_backend"])
def test_the_tests_of_torch_modules_pass_where_torch_is(passes, name):
    passes(f"{name}/pytest.ini", TESTS / name)


def test_the_torch_backend_keeps_the_contract_of_every_backend(passes):
    contract = TESTS / "engines" / "test_backends.py"
    passes("torch_backend/pytest.ini", "--noconftest", contract, "-k", "torch")
