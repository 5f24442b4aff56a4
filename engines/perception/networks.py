"""The networks that look at frames, opened once and shared by all sources."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType

from engines.config import PerceptionConfig
from engines.engine import Engine, OpenEngine
from engines.models.store import ModelStore
from engines.perception.appearance import AppearanceEncoder
from engines.perception.beside import Beside, in_turn
from engines.perception.detector import PersonDetector
from engines.perception.expression import ExpressionReader, PeerExpressions
from engines.perception.face import FaceFinder
from engines.perception.face_encoder import FaceEncoder, takes_face
from engines.perception.identity.face_embedder import FaceEmbedder
from engines.perception.keypoints.network import KeypointNetwork
from engines.perception.keypoints.opening import open_keypoints


@dataclass(frozen=True, slots=True)
class PerceptionNetworks:
    """What one thread looks at frames with; leaving its context closes the engines.

    Attributes:
        persons: The person detector.
        faces: The face detector and the face mesh.
        expressions: The expression network; the starter's embeds the face as well.
        engines: Closes them.
        identity: The face embedder; None where the profile names none.
        appearance: The appearance encoder; None where the profile names none, or the expression
            network.
        keypoints: The keypoint network; None where the profile names none.
        beside: How two pieces of work that do not need each other are done.
    """

    persons: PersonDetector
    faces: FaceFinder
    expressions: ExpressionReader
    engines: ExitStack
    identity: FaceEmbedder | None = None
    appearance: AppearanceEncoder | None = None
    keypoints: KeypointNetwork | None = None
    beside: Beside = in_turn

    def __enter__(self) -> "PerceptionNetworks":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.engines.close()


def open_networks(
    config: PerceptionConfig,
    store: ModelStore,
    open_engine: OpenEngine,
    beside: Beside = in_turn,
) -> PerceptionNetworks:
    """Open every network that a profile names.

    Args:
        config: The names of the models, and thresholds.
        store: Where their files are.
        open_engine: Opens the file of a model under the model's name.
        beside: How two pieces of work that do not need each other are done.

    Raises:
        ModelError: If a model is missing, or not the one that the manifest names.
        EngineError: If the runtime cannot load one, or it is not of the kind that is needed.
    """
    store.require(config.models())  # all that is missing is said at once
    with ExitStack() as opened:

        def open_model(name: str, *, outputs: Sequence[str] | None = None) -> Engine:
            return opened.enter_context(open_engine(name, store.path(name), outputs=outputs))

        expressions = _expressions(open_model(config.expression.model))
        embeds = config.appearance.model == config.expression.model and isinstance(
            expressions, FaceEncoder
        )
        return PerceptionNetworks(
            persons=PersonDetector(open_model(config.detector.model)),
            faces=FaceFinder(
                open_model(config.face.detector), open_model(config.face.mesh), config.face
            ),
            expressions=expressions,
            identity=(
                None
                if config.identity.model is None
                else FaceEmbedder(open_model(config.identity.model))
            ),
            appearance=(
                None
                if config.appearance.model is None or embeds
                else AppearanceEncoder(open_model(config.appearance.model))
            ),
            keypoints=open_keypoints(config.keypoints, open_model, beside),
            beside=beside,
            engines=opened.pop_all(),
        )


def _expressions(engine: Engine) -> ExpressionReader:
    return FaceEncoder(engine) if takes_face(engine) else PeerExpressions(engine)
