"""The three data sets, and what of each is settled before anything is trained."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A data set and its protocol.

    Attributes:
        title: As the table names it.
        file: In the folder of the data.
        root: The joint that the body hangs on.
        top: Its distance to the root is the unit of length.
        window: Frames of a clip, whose label is that of its middle; 0: a recording is a clip.
        stride: Frames from a window to the next.
        ticks: To so many a clip is brought.
        left_out: ``even``: subjects with odd numbers are trained on, the others tested; ``each``:
            every subject is tested once, trained on the others.
        epochs: Passes over the training clips; fixed beforehand.
        drawn: So many clips are drawn for an epoch; 0: all.
        target: What the perceptron is to reach, as a share; None: no bar was set.
    """

    title: str
    file: str
    root: str
    top: str
    window: int = 0
    stride: int = 1
    ticks: int = 32
    left_out: str = "even"
    epochs: int
    drawn: int = 0
    target: float | None = None


DATASETS: Final = {
    "utkinect": Dataset(
        title="UTKinect-Action",
        file="utkinect.npz",
        root="hip_center",
        top="shoulder_center",
        ticks=48,
        epochs=110,
        target=0.94,
    ),
    "msr_action3d": Dataset(
        title="MSR-Action3D",
        file="msr_action3d.npz",
        root="hip_center",
        top="shoulder_center",
        epochs=32,
        target=0.89,
    ),
    "gesture_phase": Dataset(
        title="Gesture Phase",
        file="gesture_phase.npz",
        root="spine",
        top="head",
        window=31,
        stride=3,
        ticks=31,
        left_out="each",
        epochs=6,
        drawn=480,
    ),
}
