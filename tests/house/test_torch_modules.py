"""The torch modules' own tests, run by the Python that has torch, a folder at a time."""

import os
import subprocess
from pathlib import Path

import pytest

from engines.models.convert import CHECKOUT

TESTS = Path(__file__).parents[1]


@pytest.mark.timeout(900)  # one process a folder: torch takes seconds to import
@pytest.mark.parametrize("name", ["networks", "learning"])
def test_the_tests_of_torch_modules_pass_where_torch_is(need_build_python, name):
    folder = TESTS / name
    command = [need_build_python, "-m", "pytest", "-q", "-c", folder / "pytest.ini", folder]
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
