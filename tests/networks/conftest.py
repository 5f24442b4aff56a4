"""Tests of the torch modules: they run where torch is, in .venv-build.

    PYTHONPATH=. .venv-build/bin/python -m pytest -c tests/networks/pytest.ini tests/networks

``make test`` does so too (tests/engines/test_torch_modules.py).
"""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]

if find_spec("torch"):
    import pytest
    import torch
    from hypothesis import settings

    settings.register_profile("networks", deadline=None, max_examples=25)
    settings.load_profile("networks")
    torch.set_num_threads(1)

    @pytest.fixture(autouse=True)
    def seeded():
        torch.manual_seed(0)
