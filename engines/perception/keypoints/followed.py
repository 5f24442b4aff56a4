"""The people of one source whose keypoints are followed, each by a track of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float32, UInt8
from numpy import ndarray

from engines.perception.facemesh import Mesh
from engines.perception.keypoints.network import (
    KeypointNetwork,
    Keypoints,
    KeypointTrack,
    Sight,
)


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

    def find(
        self,
        network: KeypointNetwork,
        image: UInt8[ndarray, "H W 3"],
        people: Sequence[Seen],
        *,
        index: int,
        time_s: float,
    ) -> dict[int, Keypoints]:
        """Return the keypoints of those of whom any are seen, by ``track_id``.

        Who is not among the people is forgotten.

        Args:
            network: The same in every call.
            image: The frame.
            people: Whose keypoints are wanted.
            index: The frame's index in its source.
            time_s: Media time.
        """
        tracks = {
            person.track_id: self._tracks.get(person.track_id) or network.follow()
            for person in people
        }
        self._tracks = tracks
        found = {
            person.track_id: tracks[person.track_id].find(
                Sight(
                    image=image,
                    index=index,
                    time_s=time_s,
                    box_xyxy=person.box_xyxy,
                    face=person.face,
                )
            )
            for person in people
        }
        return {track_id: seen for track_id, seen in found.items() if seen is not None}
