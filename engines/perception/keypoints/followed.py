"""The people of one source whose keypoints are followed, each by a track of their own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jaxtyping import Float32
from numpy import ndarray

from engines.perception.facemesh import Mesh
from engines.perception.keypoints.network import (
    KeypointNetwork,
    Keypoints,
    KeypointTrack,
    Sight,
)
from engines.perception.keypoints.pose import Pose
from engines.spec.frame import Frame

Pupils = Float32[ndarray, "2 2"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One person, as the tracker and the face finder see them.

    Attributes:
        track_id: The tracker's number.
        box_xyxy: The person, in pixels of the frame.
        face: The person's face, or None where none was found.
    """

    track_id: int
    box_xyxy: Float32[ndarray, " 4"]
    face: Mesh | None


class FollowedPeople:
    """What a keypoint network remembers of each person of a source."""

    def __init__(self) -> None:
        self._tracks: dict[int, KeypointTrack] = {}

    def restart(self) -> None:
        """Forget everybody: after a cut or a break nothing tracked or smoothed goes on."""
        self._tracks.clear()

    def follow(self, network: KeypointNetwork, track_ids: Iterable[int]) -> None:
        """Say whose keypoints are wanted in the next frame; everybody else is forgotten.

        Args:
            network: The same in every call.
            track_ids: The tracker's numbers.
        """
        self._tracks = {
            track_id: self._tracks.get(track_id) or network.follow() for track_id in track_ids
        }

    def bodies(self, frame: Frame, people: Sequence[Seen]) -> dict[int, Pose | None]:
        """Return what is found of people's bodies before their faces are, by ``track_id``.

        Args:
            frame: The frame.
            people: Those who are followed, each with the face of the frame before.
        """
        return {
            person.track_id: self._tracks[person.track_id].body(_sight(frame, person))
            for person in people
        }

    def pupils(self, frame: Frame, people: Sequence[Seen]) -> dict[int, Pupils]:
        """Return the pupils of those who are followed, by ``track_id``; may run beside ``bodies``.

        Args:
            frame: The frame.
            people: The people with the faces of this frame.
        """
        found = {
            person.track_id: self._tracks[person.track_id].pupils(_sight(frame, person))
            for person in people
            if person.track_id in self._tracks
        }
        return {track_id: seen for track_id, seen in found.items() if seen is not None}

    def complete(
        self,
        frame: Frame,
        people: Sequence[Seen],
        *,
        bodies: Mapping[int, Pose | None],
        pupils: Mapping[int, Pupils],
    ) -> dict[int, Keypoints]:
        """Return the keypoints of those of whom any are seen, by ``track_id``.

        Args:
            frame: The frame that the bodies were found in.
            people: The people with the faces of this frame; one without a body's track is left out.
            bodies: As returned for the frame.
            pupils: As returned for the frame.
        """
        found = {
            person.track_id: self._tracks[person.track_id].complete(
                _sight(frame, person), bodies[person.track_id], pupils.get(person.track_id)
            )
            for person in people
            if person.track_id in bodies
        }
        return {track_id: seen for track_id, seen in found.items() if seen is not None}


def _sight(frame: Frame, person: Seen) -> Sight:
    return Sight(
        image=frame.image,
        index=frame.index,
        time_s=frame.time_s,
        box_xyxy=person.box_xyxy,
        face=person.face,
    )
