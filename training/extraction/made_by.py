"""All that decides, beside a source, what its shards hold: held against what a folder has.

Settings that only say when and where readings go are left out, so that another broker makes no
other features.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from engines.models.store import ModelStore
from engines.sequence.feed import feed
from stream.config import Profile
from stream.listening import has_words, is_heard, models_of
from stream.transcript.model import speech_card
from training.extraction.manifest import MadeBy

DECIDING: Final[Mapping[str, set[str] | None]] = {
    "source": {"sound", "channels", "shots"},
    "perception": None,
    "speech": None,
    "text": None,
    "reading": {"grid_hz", "subject", "enrol", "hold_s"},
}
"""The sections of a profile that matter, and of each the keys; None for all."""


def made_by(profile: Profile, store: ModelStore) -> MadeBy:
    """Return what makes the shards of a run.

    Raises:
        ConfigError: If the profile names a model that the manifest does not know.
        ModelError: If models are missing, all of which are named, or one is another.
    """
    names = models_of(profile)
    store.require(names)
    models = {name: store.digest(name) for name in names}
    if is_heard(profile):
        ears = speech_card(profile.speech, store, grid_hz=profile.reading.grid_hz)
        models[ears.name] = ears.digest
    return MadeBy(
        program=f"subface {version('subface')}",
        profile=profile.name,
        profile_sha256=_digest(profile),
        subject=profile.reading.subject,
        grid_hz=profile.reading.grid_hz,
        word_delay_s=profile.speech.delay_s,
        fed=feed(store, profile.perception, profile.text if has_words(profile) else None),
        models=dict(sorted(models.items())),
    )


def differences(a: MadeBy, b: MadeBy) -> str:
    """Return in what two differ, for a message; empty if in nothing."""
    one, other = (made.model_dump(mode="json") for made in (a, b))
    differing = [
        f"{key}.{name}" if name else key for key in one for name in _names(one[key], other[key])
    ]
    return ", ".join(differing)


def _names(one: Any, other: Any) -> list[str]:  # noqa: ANN401 (whatever JSON has)
    """Return under which names two values differ; an empty name for the whole."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [name for name in one | other if one.get(name) != other.get(name)]
    return [""] if one != other else []


def _digest(profile: Profile) -> str:
    settings = {
        name: getattr(profile, name).model_dump(include=keys) for name, keys in DECIDING.items()
    }
    del settings["speech"]["transcript"]  # what was said in one source: see SourceNote
    return hashlib.sha256(json.dumps(_plain(settings), sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    """Return a value as JSON has it; a file counts by its content, wherever it lies."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Path):
        path = value.expanduser()
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else str(path)
    return value
