"""The one interface that every keypoint network is used through: sights in, OpenPose-137 out.

A network is opened once and shared; what it remembers of one person between frames is a track of
its own, which is thrown away at a cut, a break, or with the person's track: nothing tracked or
smoothed outlives the picture it was seen in.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float32, UInt8
from numpy import ndarray

from engines.perception.facemesh import Mesh
from engines.perception.keypoints.pose import Pose


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One person in one frame.

    Attributes:
        image: The frame.
        index: The frame's index in its source.
        time_s: Media time; grows from sight to sight.
        box_xyxy: Where the person is, in pixels of the frame; None if nobody looked: then the frame
            shows one person.
        face: The person's face, where the face finder saw one.
    """

    image: UInt8[ndarray, "H W 3"]
    index: int
    time_s: float
    box_xyxy: Float32[ndarray, " 4"] | None = None
    face: Mesh | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keypoints:
    """What was found of one person.

    Attributes:
        points: OpenPose-137 as (x, y, score) in pixels of the frame; read-only. A keypoint that was
            not seen, or lies outside the frame, is (0, 0, 0).
        left_hand: Whether the person's left hand was found.
        right_hand: Whether the person's right hand was found.
        mesh: The face they were taken from; None for networks that know no mesh.
    """

    points: Float32[ndarray, "137 3"]
    left_hand: bool
    right_hand: bool
    mesh: Mesh | None = None


@runtime_checkable
class KeypointTrack(Protocol):
    """One person's keypoints from frame to frame.

    Of each sight once: ``find``, or its parts, ``body``, ``pupils`` and then ``complete``.
    """

    def find(self, sight: Sight) -> Keypoints | None:
        """Return the keypoints in the next frame, or None where nothing of the person was found.

        Raises:
            SpecMismatchError: If a network breaks its contract.
        """
        ...

    def body(self, sight: Sight) -> Pose | None:
        """Return the body alone, where a network finds it apart: it may run beside a face finder.

        The face of the sight may be the one of the frame before.
        """
        ...

    def pupils(self, sight: Sight) -> Float32[ndarray, "2 2"] | None:
        """Return the pupils of the sight's face, where a network finds them apart."""
        ...

    def complete(
        self, sight: Sight, pose: Pose | None, pupils: Float32[ndarray, "2 2"] | None
    ) -> Keypoints | None:
        """Add the rest to what was found apart of the same sight."""
        ...


@runtime_checkable
class KeypointNetwork(Protocol):
    """Finds keypoints; not thread-safe, as engines are not."""

    @property
    def name(self) -> str:
        """Which network made the points, as checkpoints and readings name it."""
        ...

    def follow(self) -> KeypointTrack:
        """Begin with a person of whom nothing is known yet."""
        ...
