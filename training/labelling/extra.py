"""The libraries of the extra ``labels``, which nothing else of Subface needs."""

from importlib.util import find_spec
from typing import Final

from training.labelling.errors import ExtraMissingError

NEEDED: Final = ("google.genai", "openai", "jinja2", "pyarrow", "vaderSentiment")


def require_extra() -> None:
    """Say at once what is not installed.

    Raises:
        ExtraMissingError: If something is not; the message names the extra.
    """
    missing = [name for name in NEEDED if not _is_there(name)]
    if missing:
        msg = (
            f"labels: {', '.join(missing)} not installed; the extra brings them: "
            "pip install 'subface[labels]'"
        )
        raise ExtraMissingError(msg)


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
