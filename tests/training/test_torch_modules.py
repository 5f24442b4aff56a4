"""The tests of what learns, run by the Python that has torch and Lightning."""

import os
import subprocess
from pathlib import Path

import pytest

from engines.models.convert import CHECKOUT

FOLDER = Path(__file__).parents[1] / "learning"


@pytest.mark.parametrize("file", sorted(path.name for path in FOLDER.glob("test_*.py")))
def test_the_tests_of_what_learns_pass_where_torch_is(need_build_python, file):
    command = [need_build_python, "-m", "pytest", "-q", "-c", FOLDER / "pytest.ini", FOLDER / file]
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
