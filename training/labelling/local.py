"""Teachers that need no network, opened: a lexicon, the starter's networks, and votes of these."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final, Literal

from engines.config import TextConfig
from engines.models.starter_network import STARTER
from engines.models.store import ModelStore
from engines.perception.detector import PersonDetector
from engines.perception.expression import PeerExpressions
from engines.perception.face import FaceFinder
from engines.perception.face_encoder import FaceEncoder, takes_face
from engines.speech.text_encoder import open_text_encoder
from stream.meter import EngineMeter
from stream.profile import load_profile
from training.labelling.expression import ExpressionTeacher
from training.labelling.lexicon import LexiconTeacher
from training.labelling.showing import file_digest
from training.labelling.teacher import Teacher
from training.labelling.text_head import TextHeadTeacher
from training.labelling.voters import Voters

Local = Literal["lexicon", "expression", "text-head", "votes"]
HEAD: Final = "starter-text"
HEAD_DESCRIPTION: Final = STARTER.parent / "text-head.json"


def open_local(name: Local, labels: Sequence[str], opened: ExitStack) -> Teacher:
    """Return a teacher.

    Args:
        name: Which; ``votes``: all three others.
        labels: The classes.
        opened: Closes its engines.

    Raises:
        ConfigError: If it does not know these classes.
        ModelError: If a model is missing, or not the one that the manifest names.
        EngineError: If the runtime cannot load one.
    """
    match name:
        case "lexicon":
            return LexiconTeacher(labels)
        case "expression":
            return _expression(labels, opened)
        case "text-head":
            return _text_head(labels, opened)
        case "votes":
            return Voters(
                (
                    _expression(labels, opened),
                    _text_head(labels, opened),
                    LexiconTeacher(labels),
                )
            )


def _expression(labels: Sequence[str], opened: ExitStack) -> ExpressionTeacher:
    config, store = load_profile("embedded", []).perception, ModelStore()
    names = config.detector.model, config.face.detector, config.face.mesh, config.expression.model
    store.require(names)
    open_engine = EngineMeter(config.runtime).open
    person, face, mesh, shown = (
        opened.enter_context(open_engine(own, store.path(own))) for own in names
    )
    return ExpressionTeacher(
        labels,
        persons=PersonDetector(person),
        min_person=config.detector.min_score,
        faces=FaceFinder(face, mesh, config.face),
        expressions=FaceEncoder(shown) if takes_face(shown) else PeerExpressions(shown),
        model=_named(store, config.expression.model),
    )


def _text_head(labels: Sequence[str], opened: ExitStack) -> TextHeadTeacher:
    store = ModelStore()
    store.require([HEAD])
    open_engine = EngineMeter(load_profile("embedded", []).perception.runtime).open
    description = json.loads(HEAD_DESCRIPTION.read_text(encoding="utf-8"))
    return TextHeadTeacher(
        labels,
        encoder=opened.enter_context(
            open_text_encoder(TextConfig(model=description["encoder"]["name"]), store, open_engine)
        ),
        head=opened.enter_context(open_engine(HEAD, store.path(HEAD))),
        temperature=description["temperature"],
        model=_named(store, HEAD),
    )


def _named(store: ModelStore, name: str) -> str:
    return f"{name} {file_digest(store.path(name))[:12]}"
