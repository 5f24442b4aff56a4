import os
import shutil
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

from engines.models.store import ModelStore

install_import_hook(
    ["engines.spec", "engines.perception", "calibration", "stream.windows"], "beartype.beartype"
)

SHARED = Path(
    os.environ.get("SUBFACE_SHARED", Path(__file__).parents[1].parent / "shared")
).resolve()


def leave_out(reason):
    """Skip a test; in CI nothing may be left out, so there it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI leaves nothing out: {reason}")
    pytest.skip(reason)


def tool(name):
    """Return the path of a program, or leave the test out."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    return path or leave_out(f"{name} is not installed; `make test` installs it where it may")


@pytest.fixture(scope="session")
def media():
    folder = SHARED / "media"
    return folder if folder.is_dir() else leave_out(f"{folder} is absent; set SUBFACE_SHARED")


@pytest.fixture(scope="session")
def need_tool():
    return tool


@pytest.fixture(scope="session")
def store():
    """The user's cache, which must hold what the embedded profile and the demo need."""
    models = ModelStore()
    missing = [name for name in models.manifest.group("demo") if not models.present(name)]
    if missing:
        leave_out(f"{', '.join(missing)}: not in the cache; `make models` brings them")
    return models
