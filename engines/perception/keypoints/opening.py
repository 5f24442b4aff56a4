"""Opening of the keypoint network that a profile names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from engines.config import FaceConfig, Form, KeypointConfig, in_form
from engines.engine import Engine
from engines.errors import ConfigError
from engines.models.store import ModelStore
from engines.perception.beside import Beside, in_turn
from engines.perception.keypoints.hands import HAND_OUTPUTS, HandNetworks
from engines.perception.keypoints.holistic import HolisticNetwork
from engines.perception.keypoints.holistic_face import FaceNetworks
from engines.perception.keypoints.iris import IRIS_OUTPUTS, Irises
from engines.perception.keypoints.network import KeypointNetwork
from engines.perception.keypoints.openpose_json import OpenPoseRecording
from engines.perception.keypoints.pose import POSE_OUTPUTS, PoseNetworks
from engines.perception.keypoints.wholebody import WholeBodyNetwork


@runtime_checkable
class OpenModel(Protocol):
    """Opens a model of the manifest; whoever measures engines wraps this."""

    def __call__(self, name: str, *, outputs: Sequence[str] | None = None) -> Engine:
        """Open it, keeping only the outputs named; what only the others need is not computed."""
        ...


@runtime_checkable
class OpenPath(Protocol):
    """Opens the graph at a path under a name."""

    def __call__(self, name: str, path: Path, *, outputs: Sequence[str] | None = None) -> Engine:
        """Open it, keeping only the outputs named."""
        ...


def open_keypoints(
    config: KeypointConfig, open_model: OpenModel, beside: Beside = in_turn
) -> KeypointNetwork | None:
    """Open the network, or none if the profile asks for none.

    Holistic is opened without a face detector of its own: each sight brings the face that the face
    finder saw, so that no face is looked for twice.

    Args:
        config: Which, and how.
        open_model: Opens a model of the manifest under its name; the caller closes it.
        beside: How two pieces of work that do not need each other are done.

    Raises:
        ConfigError: If recorded keypoints are asked for, and it is not said where they lie.
        ModelError: If a model is missing, or not the one that the manifest names.
        EngineError: If the runtime cannot load one, or it is not of the kind that is needed.
        RecordingError: If there are no recorded keypoints.
    """
    match config.model:
        case None:
            return None
        case "holistic":
            return open_holistic(open_model, smooth=config.smooth, form=config.form, beside=beside)
        case "openpose":
            if config.recording is None:
                msg = (
                    "perception.keypoints: openpose replays recorded keypoints; say where they lie "
                    "with --set perception.keypoints.recording=FOLDER"
                )
                raise ConfigError(msg)
            return OpenPoseRecording(config.recording)
        case name:
            return WholeBodyNetwork(open_model(name), name=name, smooth=config.smooth)


def open_holistic(
    open_model: OpenModel,
    *,
    smooth: bool,
    form: Form = "tflite",
    faces: FaceConfig | None = None,
    beside: Beside = in_turn,
) -> HolisticNetwork:
    """Open MediaPipe's Holistic.

    Args:
        open_model: Opens a model of the manifest under its name; the caller closes it.
        smooth: Whether keypoints are smoothed over time.
        form: In which the networks are.
        faces: The models of a face detector of its own, for whoever has no face finder.
        beside: How one hand is found beside the other.
    """

    def open_one(name: str, outputs: Sequence[str] | None = None) -> Engine:
        return open_model(in_form(name, form), outputs=outputs)

    def hands() -> HandNetworks:
        return HandNetworks(open_one("hand-recrop"), open_one("hand-landmark-full", HAND_OUTPUTS))

    return HolisticNetwork(
        pose=PoseNetworks(open_one("pose-detection"), open_one("pose-landmark-full", POSE_OUTPUTS)),
        hands=(hands(), hands()),
        irises=Irises(open_one("iris-landmark", IRIS_OUTPUTS)),
        faces=None
        if faces is None
        else FaceNetworks(open_model(faces.detector), open_model(faces.mesh)),
        smooth=smooth,
        beside=beside,
    )


def of_store(store: ModelStore, open_path: OpenPath) -> OpenModel:
    """Return what opens the models of a store."""

    def open_model(name: str, *, outputs: Sequence[str] | None = None) -> Engine:
        return open_path(name, store.path(name), outputs=outputs)

    return open_model
