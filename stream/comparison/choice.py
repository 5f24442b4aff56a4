"""What one side of a comparison looks with: a keypoint network, or a whole profile, by its name."""

import difflib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from configs import shipped_profiles
from engines.config import PerceptionConfig
from engines.errors import ConfigError
from engines.models.manifest import shipped_manifest
from stream.profile import load_profile

RECORDED: Final = "openpose"
HOLISTIC: Final = "holistic"  # the other networks bear names of the manifest

_SETTINGS: Final = re.compile(r"(?:,[\w.]+=[^,]*)*$")
_SECTION: Final = "perception.keypoints"


def perception_of(text: str, *, profile: str, overrides: Sequence[str] = ()) -> PerceptionConfig:
    """Return what a side looks with.

    Args:
        text: ``holistic``, ``openpose:FOLDER``, the name of a whole-body model in the manifest, or
            a profile's name or file; behind it ``,key=value`` for keys of its keypoints
            (``smooth``) or, dotted, of the whole profile.
        profile: What a side that names only a keypoint network takes everything else from.
        overrides: ``key=value`` pairs for both sides, as in ``load_profile``.

    Raises:
        ConfigError: If there is no such network or profile, it finds no keypoints, or a key or a
            value is wrong.
    """
    tail = _SETTINGS.search(text)
    settings = tail.group().split(",")[1:] if tail else []
    head = text.removesuffix(f",{','.join(settings)}") if settings else text
    name, _, folder = head.partition(":")
    chosen: list[str] = []
    if name == RECORDED:
        if not folder:
            msg = (
                f"{head}: expected {RECORDED}:FOLDER, where the recorded keypoints of the clip lie"
            )
            raise ConfigError(msg)
        # a path is read as YAML like any value: in quotes it stays what it is
        recording = json.dumps(str(Path(folder).expanduser().absolute()))
        chosen = [f"{_SECTION}.model={RECORDED}", f"{_SECTION}.recording={recording}"]
    elif head == HOLISTIC or head in shipped_manifest().models:
        chosen = [f"{_SECTION}.model={head}"]
    elif head in shipped_profiles() or Path(head).expanduser().is_file():
        profile = head
    else:
        raise ConfigError(_unknown(head))
    dotted = [item if "." in item.partition("=")[0] else f"{_SECTION}.{item}" for item in settings]
    perception = load_profile(profile, [*overrides, *chosen, *dotted]).perception
    if perception.keypoints.model is None:
        msg = f"{text}: finds no keypoints: expected a network in perception.keypoints.model"
        raise ConfigError(msg)
    return perception


def _unknown(head: str) -> str:
    models = shipped_manifest().models
    names = [HOLISTIC, RECORDED, *models, *shipped_profiles()]
    near = difflib.get_close_matches(head, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return (
        f"{head!r} is no keypoint network and no profile{hint} (expected holistic, "
        "openpose:FOLDER, a whole-body model of `subface models list`, a profile's file, or one "
        f"of the profiles {', '.join(shipped_profiles())})"
    )
