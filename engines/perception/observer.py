"""One source as it is watched: who is in each frame, each with the face and its expression."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from engines.config import PerceptionConfig
from engines.perception.appearance import appearance_box
from engines.perception.boxes import area
from engines.perception.expression import FaceLook
from engines.perception.face import Face
from engines.perception.identity.descriptor import Descriptor, colours
from engines.perception.identity.face_embedder import FaceEmbedder
from engines.perception.identity.people import People
from engines.perception.keypoints.followed import FollowedPeople, Pupils, Seen
from engines.perception.keypoints.network import Keypoints
from engines.perception.networks import PerceptionNetworks
from engines.perception.tracker import ByteTracker, Track, Tracker
from engines.spec.frame import Frame
from engines.spec.observation import Observation, Scene

CLOCK_JITTER_S: Final = 0.005
"""Media time is rounded by its container: 0.0999 s is 0.1 s."""


@dataclass(frozen=True, slots=True)
class Given:
    """The newest numbers that an observer gave: one that takes its place begins after them."""

    tracks: int = 0
    persons: int = 0


@dataclass(frozen=True, slots=True)
class _Recognised:
    """The people of a frame by their faces: tracks, and by track_id looks and pupils."""

    tracks: list[Track]
    looks: dict[int, FaceLook]
    pupils: dict[int, Pupils]


class Observer:
    """The state of one source: its people, its tracks, and each track's last face.

    The person detector looks at every k-th frame, and at once where nobody is being followed: at
    the start, after a cut, after a loss. Faces are looked for in every frame.

    Args:
        config: Thresholds and intervals.
        enrolled: How the person of the enrolment picture looks; None if there is no picture.
        after: What an observer gave whose place it takes: no number is given twice in a source.
    """

    def __init__(
        self,
        config: PerceptionConfig,
        enrolled: Descriptor | None = None,
        *,
        after: Given | None = None,
    ) -> None:
        after = after or Given()
        self._config = config
        self._people = People(config.identity, enrolled, given=after.persons)
        self._tracker: Tracker = ByteTracker(
            config.tracker, min_score=config.detector.min_score, given=after.tracks
        )
        self._faces: dict[int, Face] = {}
        self._persons: dict[int, str | None] = {}
        self._followed = FollowedPeople()
        self._view: tuple[int, int] | None = None
        self._carried = 0
        self._looked_s = -math.inf

    @property
    def given(self) -> Given:
        """Which numbers it gave so far."""
        return Given(tracks=self._tracker.given, persons=self._people.given)

    def observe(
        self, networks: PerceptionNetworks, frame: Frame, watched: Collection[str] | None = None
    ) -> Scene:
        """Return who is in the frame; frames are given in order.

        A cut or a break drops the tracks: whoever is seen after it has a new ``track_id``. Who is
        known again has the same ``person_id`` all the same, and so over a break.

        Args:
            networks: What to look with.
            frame: The next frame.
            watched: Whose body and look are wanted, by ``person_id``: they cost most by far. None:
                everyone's. Where none of them is there, the largest person's.

        Raises:
            SpecMismatchError: If a network breaks its contract.
        """
        if self._view != (frame.epoch, frame.shot):
            self._view = (frame.epoch, frame.shot)
            self._tracker.restart()
            self._people.restart()
            self._faces.clear()
            self._persons.clear()
            self._followed.restart()
        tracks = self._largest(self._follow(networks, frame))
        # Whose body is looked for is told by who was who a frame ago: it runs beside the faces.
        wanted = _wanted(tracks, self._persons, watched)
        if networks.keypoints is not None:
            self._followed.follow(networks.keypoints, [track.track_id for track in wanted])
        before = self._seen(wanted)
        recognised, bodies = networks.beside(
            lambda: self._recognise(networks, frame, tracks),
            lambda: {} if networks.keypoints is None else self._followed.bodies(frame, before),
        )
        followed = [t for t in recognised.tracks if any(t.track_id == w.track_id for w in wanted)]
        appearances = self._embed(networks, frame, followed, recognised.looks)
        keypoints = self._followed.complete(
            frame, self._seen(followed), bodies=bodies, pupils=recognised.pupils
        )
        return Scene(
            source=frame.source,
            epoch=frame.epoch,
            shot=frame.shot,
            index=frame.index,
            time_s=frame.time_s,
            captured_at=frame.captured_at,
            arrived_s=frame.arrived_s,
            observations=tuple(
                _observation(
                    frame,
                    track,
                    person_id=self._persons[track.track_id],
                    face=self._faces.get(track.track_id),
                    look=recognised.looks.get(track.track_id),
                    appearance=appearances.get(track.track_id),
                    keypoints=keypoints.get(track.track_id),
                )
                for track in recognised.tracks
            ),
        )

    def _follow(self, networks: PerceptionNetworks, frame: Frame) -> tuple[Track, ...]:
        overdue = frame.time_s - self._looked_s >= self._config.detector.longest_s - CLOCK_JITTER_S
        if self._carried + 1 < self._config.detector.every and not overdue:
            carried = self._tracker.carry(frame.time_s)
            if carried:
                self._carried += 1
                return carried
        self._carried = 0
        self._looked_s = frame.time_s
        return self._tracker.update(networks.persons.detect(frame.image), frame.time_s)

    def _largest(self, tracks: tuple[Track, ...]) -> list[Track]:
        if len(tracks) <= self._config.max_persons:
            return list(tracks)
        order = np.argsort(-area(np.array([track.box_xyxy for track in tracks])), kind="stable")
        return [tracks[place] for place in order[: self._config.max_persons]]

    def _recognise(
        self, networks: PerceptionNetworks, frame: Frame, tracks: list[Track]
    ) -> _Recognised:
        """Find faces, whose they are, and what they show."""
        self._find_faces(networks, frame, tracks)
        tracks, self._persons = self._identify(networks, frame, tracks)
        looks = {
            track_id: networks.expressions.read(frame.image, face.mesh)
            for track_id, face in self._faces.items()
        }
        return _Recognised(tracks, looks, self._followed.pupils(frame, self._seen(tracks)))

    def _find_faces(self, networks: PerceptionNetworks, frame: Frame, tracks: list[Track]) -> None:
        # a track that lives on weak detections is no evidence of a person
        sure = [track for track in tracks if track.score >= self._config.detector.min_score]
        found = networks.faces.find(
            frame.image,
            np.array([track.box_xyxy for track in sure], dtype=np.float32).reshape(-1, 4),
            [self._faces.get(track.track_id) for track in sure],
        )
        self._faces = {
            track.track_id: face
            for track, face in zip(sure, found, strict=True)
            if face is not None
        }

    def _identify(
        self, networks: PerceptionNetworks, frame: Frame, tracks: list[Track]
    ) -> tuple[list[Track], dict[int, str | None]]:
        """Return the tracks, those that are somebody else by now renumbered, and who each is."""
        by_id = {track.track_id: track for track in tracks}
        faces = {t: face for t in by_id if (face := self._faces.get(t)) and self._is_large(face)}

        def describe(embedder: FaceEmbedder, track_id: int) -> Descriptor:
            mesh, box = faces[track_id].mesh, by_id[track_id].box_xyxy
            seen = colours(frame.image, mesh.box_xyxy, box)
            return Descriptor(embedder.embed(frame.image, mesh), seen)

        identified = self._people.identify(
            tuple(by_id),
            frame.time_s,
            faces=tuple(faces),
            describe=None if networks.identity is None else partial(describe, networks.identity),
        )
        persons = dict(identified.persons)
        for track_id in identified.strangers:
            number = self._tracker.renumber(track_id)
            by_id[track_id] = replace(by_id[track_id], track_id=number)
            persons[number] = persons.pop(track_id)
            if track_id in self._faces:
                self._faces[number] = self._faces.pop(track_id)
        return list(by_id.values()), persons

    def _is_large(self, face: Face) -> bool:
        x1, _, x2, _ = face.mesh.box_xyxy.tolist()
        return bool(x2 - x1 >= self._config.identity.min_face_px)

    def _embed(
        self,
        networks: PerceptionNetworks,
        frame: Frame,
        tracks: list[Track],
        looks: Mapping[int, FaceLook],
    ) -> dict[int, Float32[ndarray, " D"]]:
        """Return the appearance of each track of which the part to be embedded is seen."""
        if networks.appearance is None:
            if self._config.appearance.model is None:
                return {}
            found = {t.track_id: looks[t.track_id] for t in tracks if t.track_id in looks}
            return {t: e for t, look in found.items() if (e := look.embedding) is not None}
        boxes: dict[int, Float32[ndarray, " 4"]] = {}
        for track in tracks:
            face = self._faces.get(track.track_id)
            face_xyxy = None if face is None else face.mesh.box_xyxy
            box = appearance_box(track.box_xyxy, face_xyxy, self._config.appearance.crop)
            if box is not None:
                boxes[track.track_id] = box
        stacked = np.array(list(boxes.values()), dtype=np.float32).reshape(-1, 4)
        return dict(zip(boxes, networks.appearance.encode(frame.image, stacked), strict=True))

    def _seen(self, tracks: list[Track]) -> list[Seen]:
        return [
            Seen(track.track_id, track.box_xyxy, face.mesh if face else None)
            for track in tracks
            for face in [self._faces.get(track.track_id)]
        ]


def _wanted(
    tracks: list[Track], persons: Mapping[int, str | None], watched: Collection[str] | None
) -> list[Track]:
    if watched is None:
        return tracks
    wanted = [track for track in tracks if persons.get(track.track_id) in watched]
    largest = max(tracks, key=lambda track: area(track.box_xyxy[None])[0], default=None)
    return wanted or ([] if largest is None else [largest])


def _observation(
    frame: Frame,
    track: Track,
    *,
    person_id: str | None,
    face: Face | None,
    look: FaceLook | None,
    appearance: Float32[ndarray, " D"] | None,
    keypoints: Keypoints | None,
) -> Observation:
    return Observation(
        source=frame.source,
        epoch=frame.epoch,
        shot=frame.shot,
        track_id=track.track_id,
        person_id=person_id,
        box_xyxy=track.box_xyxy,
        score=track.score,
        time_s=frame.time_s,
        arrived_s=frame.arrived_s,
        face_xyxy=None if face is None else face.mesh.box_xyxy,
        keypoints=None if keypoints is None else keypoints.points,
        appearance=appearance,
        expression=None if look is None else look.expression,
        mouth_open=None if face is None else face.mesh.mouth_open,
    )
