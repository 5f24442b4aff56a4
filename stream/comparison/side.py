"""One side of a comparison: a source as the live pipeline watches it, without its tasks."""

from engines.config import PerceptionConfig
from engines.perception.identity.enrolment import enrol
from engines.perception.networks import PerceptionNetworks
from engines.perception.observer import Observer
from engines.spec.frame import Frame
from engines.spec.observation import Scene
from stream.config import ReadingConfig
from stream.subject import SubjectRule
from stream.windows import Hop, WindowCutter


class Side:
    """Sees one source with one perception, and cuts its windows.

    Args:
        perception: How it looks.
        reading: Whom it watches, and when a reading is due.
        networks: What it looks with; the caller closes them.
        still: True if the source is a single picture.
    """

    def __init__(
        self,
        perception: PerceptionConfig,
        reading: ReadingConfig,
        networks: PerceptionNetworks,
        *,
        still: bool,
    ) -> None:
        picture = reading.enrol
        enrolled = None if picture is None else enrol(picture, networks, perception)
        self._networks = networks
        self._observer = Observer(perception, enrolled)
        self._subject = None if reading.subject == "all" else SubjectRule.of(reading)
        self._cutter = WindowCutter(reading, still=still)

    @property
    def network(self) -> str | None:
        """Which keypoint network this side has, as readings name it."""
        keypoints = self._networks.keypoints
        return None if keypoints is None else keypoints.name

    def look(self, frame: Frame) -> tuple[Scene, Hop | None]:
        """Return who is in the next frame, and the hop that it completes, if it does."""
        watched = None if self._subject is None else self._subject.watched()
        scene = self._observer.observe(self._networks, frame, watched)
        if self._subject is not None:
            self._subject.see(scene)
        return scene, self._cutter.add(scene, frame.arrived_s)

    def finish(self) -> Hop | None:
        """Return the hop of what came after the last one, if anything did."""
        return self._cutter.finish()
