"""The top-level names are the user's; nothing that is installed may ship one of them."""

from importlib.metadata import packages_distributions

import pytest

OURS = ("stream", "engines", "training", "calibration", "configs")


@pytest.mark.parametrize("name", OURS)
def test_no_dependency_ships_a_package_of_our_name(name):
    assert set(packages_distributions().get(name, ["subface"])) == {"subface"}
