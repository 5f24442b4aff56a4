"""The libraries of the extra ``labels``, which nothing else of Subface needs."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final

from training.labelling.errors import ExtraMissingError

ALWAYS: Final = ("jinja2", "pyarrow")
OF_TEACHERS: Final[Mapping[str, tuple[str, ...]]] = {
    "gemini": ("google.genai",),
    "openai": ("openai",),
    "transformers": ("huggingface_hub",),
    "lexicon": ("vaderSentiment",),
    "votes": ("vaderSentiment",),
}


def require_extra(*teachers: str) -> None:
    """Say at once what is not installed.

    Args:
        teachers: Who is to label; nobody for what only reads labels.

    Raises:
        ExtraMissingError: If something is not; the message names the extra.
    """
    needed = [*ALWAYS, *(name for own in teachers for name in OF_TEACHERS.get(own, ()))]
    missing = [name for name in dict.fromkeys(needed) if not _is_there(name)]
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
