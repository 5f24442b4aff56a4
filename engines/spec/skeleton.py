"""OpenPose-137: the keypoints that every network's output is brought into.

iMiGUE's keypoints, and the paper's, are OpenPose's: 25 of the body (BODY_25), 21 of each hand, 70
of the face (iBUG's 68 and the pupils), in the order body, left hand, right hand, face. Names and
edges are those of OpenPose 1.7: POSE_BODY_25_BODY_PARTS, the hands and the face of
POSE_BODY_135_BODY_PARTS, and the *_PAIRS_RENDER lists. Left and right are the person's own.
"""

from itertools import pairwise
from typing import Final

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

POINTS: Final = 137

BODY: Final = slice(0, 25)
LEFT_HAND: Final = slice(25, 46)
RIGHT_HAND: Final = slice(46, 67)
FACE: Final = slice(67, 137)
PARTS: Final = {"body": BODY, "left_hand": LEFT_HAND, "right_hand": RIGHT_HAND, "face": FACE}

BODY_NAMES: Final = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
    "left_big_toe", "left_small_toe", "left_heel",
    "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip

HAND_NAMES: Final = (
    "wrist",
    *(
        f"{finger}_{joint}"
        for finger in ("thumb", "index", "middle", "ring", "pinky")
        for joint in ("base", "first", "second", "tip")
    ),
)

FACE_NAMES: Final = (
    *(f"contour_{k}" for k in range(17)),
    *(f"right_brow_{k}" for k in range(5)),
    *(f"left_brow_{k}" for k in range(5)),
    *(f"nose_bridge_{k}" for k in range(4)),
    *(f"nose_base_{k}" for k in range(5)),
    *(f"right_eye_{k}" for k in range(6)),
    *(f"left_eye_{k}" for k in range(6)),
    *(f"outer_lip_{k}" for k in range(12)),
    *(f"inner_lip_{k}" for k in range(8)),
    "right_pupil",
    "left_pupil",
)

NAMES: Final = (
    *BODY_NAMES,
    *(f"left_hand_{name}" for name in HAND_NAMES),
    *(f"right_hand_{name}" for name in HAND_NAMES),
    *(f"face_{name}" for name in FACE_NAMES),
)
INDEX: Final = {name: place for place, name in enumerate(NAMES)}

NOSE: Final = INDEX["nose"]
NECK: Final = INDEX["neck"]
RIGHT_SHOULDER: Final = INDEX["right_shoulder"]
LEFT_SHOULDER: Final = INDEX["left_shoulder"]
RIGHT_WRIST: Final = INDEX["right_wrist"]
LEFT_WRIST: Final = INDEX["left_wrist"]
MID_HIP: Final = INDEX["mid_hip"]
RIGHT_EYE: Final = INDEX["right_eye"]
LEFT_EYE: Final = INDEX["left_eye"]
RIGHT_EAR: Final = INDEX["right_ear"]
LEFT_EAR: Final = INDEX["left_ear"]
RIGHT_PUPIL: Final = INDEX["face_right_pupil"]
LEFT_PUPIL: Final = INDEX["face_left_pupil"]

_BODY_EDGES: Final = (
    (1, 8), (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (10, 11), (8, 12),
    (12, 13), (13, 14), (1, 0), (0, 15), (15, 17), (0, 16), (16, 18), (14, 19), (19, 20), (14, 21),
    (11, 22), (22, 23), (11, 24),
)  # fmt: skip
_HAND_EDGES: Final = tuple(
    (0 if joint == 0 else 4 * finger + joint, 4 * finger + joint + 1)
    for finger in range(5)
    for joint in range(4)
)
_FACE_LINES: Final = (
    (*range(17),), (*range(17, 22),), (*range(22, 27),), (*range(27, 31),), (*range(31, 36),),
    (*range(36, 42), 36), (*range(42, 48), 42), (*range(48, 60), 48), (*range(60, 68), 60),
)  # fmt: skip
_FACE_EDGES: Final = tuple(pair for line in _FACE_LINES for pair in pairwise(line))

EDGES: Final = {
    name: tuple((first + part.start, second + part.start) for first, second in edges)
    for (name, part), edges in zip(
        PARTS.items(), (_BODY_EDGES, _HAND_EDGES, _HAND_EDGES, _FACE_EDGES), strict=True
    )
}
"""For drawing: pairs of the 137, by part."""

# the lines of the face above, each read backwards or as its counterpart; 27..30 lie on the axis
_FACE_MIRROR: Final = (
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1),
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1),
    69, 68,
)  # fmt: skip


def _mirror() -> Int64[ndarray, "137"]:
    swapped = {"left": "right", "right": "left"}
    body = [
        BODY_NAMES.index("_".join(swapped.get(word, word) for word in name.split("_")))
        for name in BODY_NAMES
    ]
    left, right = np.arange(POINTS)[LEFT_HAND], np.arange(POINTS)[RIGHT_HAND]
    permutation = np.concatenate([body, right, left, np.array(_FACE_MIRROR) + FACE.start])
    permutation.setflags(write=False)
    return permutation.astype(np.int64, copy=False)


MIRROR: Final = _mirror()
"""``keypoints[MIRROR]``, with x turned about the middle, is the same person seen in a mirror."""
